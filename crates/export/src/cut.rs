//! Whether a file is the beginning of a picture without its end: what a power cut or a full disk leaves.
//! Decodes nothing.

use crate::Format;
use crate::decode::is_complete;

/// A file system may have made room for what was never written: at least so many zeros at the end.
const ZEROS: usize = 512;
/// How pictures begin.
const BEGINNINGS: [&[u8]; 4] = [b"\x89PNG", b"\xFF\xD8\xFF", b"RIFF", b"%PDF"];
/// No picture is shorter than this, in bytes.
const SHORTEST: usize = 12;

/// Whether these bytes were surely never whole. In doubt they are: a person may have made them.
pub fn is_cut(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    if zeros == bytes.len() {
        return true;
    }
    if bytes.len() < SHORTEST {
        return BEGINNINGS
            .iter()
            .any(|beginning| beginning.starts_with(bytes) || bytes.starts_with(beginning));
    }
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => !is_complete(Format::Png, bytes),
        [0xFF, 0xD8, 0xFF, ..] => !is_complete(Format::Jpeg, bytes),
        [b'R', b'I', b'F', b'F', ..] => !is_complete(Format::WebP, bytes) || zeros >= ZEROS,
        [b'%', b'P', b'D', b'F', ..] => !bytes.windows(5).rev().any(|end| end == b"%%EOF"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat, RgbImage};

    use super::is_cut;

    #[test]
    fn every_beginning_of_a_picture_is_cut_and_the_whole_is_not() {
        let picture = RgbImage::from_fn(40, 30, |x, y| {
            image::Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8])
        });
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let mut bytes = std::io::Cursor::new(Vec::new());
            let picture = DynamicImage::ImageRgb8(picture.clone());
            picture.write_to(&mut bytes, format).unwrap();
            let bytes = bytes.into_inner();
            assert!(!is_cut(&bytes), "{format:?}");
            for at in 0..bytes.len() {
                assert!(is_cut(&bytes[..at]), "{format:?} {at}");
            }
        }
        assert!(is_cut(b"") && is_cut(&[0; 5000]));
        assert!(is_cut(b"%PDF-1.7\n1 0 obj") && is_cut(b"%PDF-1.7") && !is_cut(b"%PDF-1.7\n%%EOF"));
        assert!(!is_cut(b"what a person wrote") && !is_cut(b"short"));
    }
}
