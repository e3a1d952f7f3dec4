//! Why a picture could not become an output file. Knows how to say it, not where it happened.

use std::fmt;

use super::Format;
use super::decode::MAX_PIXELS;

/// Why a picture could not be read, or an output file not be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// The bytes are no PNG, JPEG or WebP.
    NotAPicture {
        /// What they look like.
        looks: &'static str,
    },
    /// The file ends before the picture does.
    CutOff {
        /// The format that it begins with.
        format: Format,
    },
    /// The file begins as a picture and then goes wrong.
    Damaged {
        /// The format that it begins with.
        format: Format,
        /// What the decoder said.
        why: String,
    },
    /// More than one frame.
    Animated {
        /// The format.
        format: Format,
    },
    /// More pixels than gpbuild takes, in a picture or asked for.
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// A size that the format cannot hold.
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The format.
        format: Format,
        /// Its longest side.
        side: u32,
    },
    /// No encoding of the picture is small enough.
    TooManyBytes {
        /// The format.
        format: Format,
        /// The smallest that was reached.
        smallest: u64,
        /// With which quality, if the format has one.
        quality: Option<u8>,
        /// The limit.
        limit: u64,
    },
    /// Many pictures in one file are more than it may hold.
    TooLarge {
        /// What the file is: `PDF`.
        what: &'static str,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A library refused what it should not have.
    Failed {
        /// What was being done: `scale`, `encode`.
        what: &'static str,
        /// What the library said.
        why: String,
    },
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPicture { looks } => {
                write!(f, "this is not a PNG, JPEG or WebP picture: it {looks}")
            }
            Self::CutOff { format } => write!(
                f,
                "the {} picture is cut off: the file ends before the picture does",
                format.title()
            ),
            Self::Damaged { format, why } => {
                write!(f, "the {} picture is damaged: {why}", format.title())
            }
            Self::Animated { format } => write!(
                f,
                "the {} picture is animated; gpbuild takes still pictures only",
                format.title()
            ),
            Self::TooManyPixels { width, height } => write!(
                f,
                "{width}x{height} is too large; gpbuild takes at most {} million pixels",
                MAX_PIXELS / 1_000_000
            ),
            Self::Size {
                width,
                height,
                format,
                side,
            } => write!(
                f,
                "a {} picture cannot be {width}x{height}; each side is from 1 to {side}",
                format.title()
            ),
            Self::TooManyBytes {
                format,
                smallest,
                quality,
                limit,
            } => {
                let (smallest, limit) = sizes(*smallest, *limit);
                write!(f, "the {} is {smallest}", format.title())?;
                match quality {
                    Some(quality) => write!(f, " even at quality {quality}")?,
                    None => write!(f, " even with the strongest compression")?,
                }
                write!(f, "; `max_bytes` is {limit}")?;
                match format {
                    Format::Png => write!(f, "; `format = \"jpeg\"` makes smaller files"),
                    Format::Jpeg => write!(f, "; `format = \"webp\"` makes smaller files"),
                    Format::WebP => Ok(()),
                }
            }
            Self::TooLarge { what, limit } => {
                write!(f, "the {what} would be larger than {}", size(*limit))
            }
            Self::Failed { what, why } => write!(f, "cannot {what} the picture: {why}"),
        }
    }
}

impl std::error::Error for ExportError {}

/// `2.05 MB` and `2 MB`; to the byte where rounding would make them look the same.
fn sizes(reached: u64, limit: u64) -> (String, String) {
    let rounded = (size(reached), size(limit));
    if rounded.0 == rounded.1 {
        return (format!("{reached} bytes"), format!("{limit} bytes"));
    }
    rounded
}

fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return format!("{bytes} bytes"),
        1_000..1_000_000 => (1_000, "kB"),
        _ => (1_000_000, "MB"),
    };
    let hundredths = (u128::from(bytes) * 100 + unit / 2) / unit;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    format!(
        "{} {name}",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}

#[cfg(test)]
mod tests {
    use super::{ExportError, size, sizes};
    use crate::Format;

    #[test]
    fn every_error_says_what_and_what_to_do() {
        let format = Format::Png;
        let texts = [
            ExportError::NotAPicture { looks: "is empty" },
            ExportError::CutOff { format },
            ExportError::Damaged {
                format,
                why: "invalid CRC".to_owned(),
            },
            ExportError::Animated {
                format: Format::WebP,
            },
            ExportError::TooManyPixels {
                width: 9000,
                height: 9000,
            },
            ExportError::Size {
                width: 20_000,
                height: 10,
                format: Format::WebP,
                side: 16_383,
            },
            ExportError::TooManyBytes {
                format,
                smallest: 1_234_567,
                quality: None,
                limit: 500_000,
            },
            ExportError::TooManyBytes {
                format: Format::Jpeg,
                smallest: 64_100,
                quality: Some(40),
                limit: 32_000,
            },
            ExportError::TooManyBytes {
                format: Format::WebP,
                smallest: 2_000_001,
                quality: Some(40),
                limit: 2_000_000,
            },
            ExportError::TooLarge {
                what: "PDF",
                limit: 200_000_000,
            },
            ExportError::Failed {
                what: "encode",
                why: "no memory".to_owned(),
            },
        ]
        .map(|error| error.to_string());
        assert_eq!(
            texts,
            [
                "this is not a PNG, JPEG or WebP picture: it is empty",
                "the PNG picture is cut off: the file ends before the picture does",
                "the PNG picture is damaged: invalid CRC",
                "the WebP picture is animated; gpbuild takes still pictures only",
                "9000x9000 is too large; gpbuild takes at most 64 million pixels",
                "a WebP picture cannot be 20000x10; each side is from 1 to 16383",
                "the PNG is 1.23 MB even with the strongest compression; `max_bytes` is 500 kB; \
                 `format = \"jpeg\"` makes smaller files",
                "the JPEG is 64.1 kB even at quality 40; `max_bytes` is 32 kB; \
                 `format = \"webp\"` makes smaller files",
                "the WebP is 2000001 bytes even at quality 40; `max_bytes` is 2000000 bytes",
                "the PDF would be larger than 200 MB",
                "cannot encode the picture: no memory",
            ]
        );
    }

    #[test]
    fn sizes_are_rounded_and_never_look_the_same() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_000), "1 kB");
        assert_eq!(size(2_100_000), "2.1 MB");
        assert_eq!(size(u64::MAX), "18446744073709.55 MB");
        assert_eq!(
            sizes(2_049_000, 2_000_000),
            ("2.05 MB".to_owned(), "2 MB".to_owned())
        );
    }
}
