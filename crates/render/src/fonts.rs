//! What may be drawn with: the two embedded fonts, then the project's. Parses each font once; knows
//! no project, no file and no page.

use std::fmt;
use std::sync::Arc;

use skrifa::MetadataProvider as _;
use skrifa::raw::{FileRef, FontRef};
use takumi::prelude::{FontResource, FontSource, GenericFamily};

use base::digest::Digest;

/// The regular weight of Noto Sans CJK SC, GB 2312 and more (see `fonts/README.md`).
const REGULAR: &[u8] = include_bytes!("../../../fonts/NotoSansSC-Regular.otf");
/// The bold weight of it.
const BOLD: &[u8] = include_bytes!("../../../fonts/NotoSansSC-Bold.otf");
/// The digests of the two, so that a start need not hash them; a test compares.
const EMBEDDED: [(&[u8], &str); 2] = [
    (
        REGULAR,
        "edb49d0d71178652538f9b5027244186b149d44d679d80cd4df03eab973470bb",
    ),
    (
        BOLD,
        "d846c24a77142d25e93bb1efe32391cbbcdb131b9e633ab273afad3905fdefae",
    ),
];

/// The largest font file that is taken, in bytes.
pub const MAX_FONT_BYTES: u64 = 64 << 20;
/// At most so many fonts of a project.
pub const MAX_FONTS: usize = 64;

/// Why a font cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FontError {
    /// The file is not a font of a known kind.
    NotAFont {
        /// The file.
        name: String,
        /// What the parser said.
        why: String,
    },
    /// The file is larger than [`MAX_FONT_BYTES`].
    TooLarge {
        /// The file.
        name: String,
    },
    /// There are more than [`MAX_FONTS`] fonts.
    TooMany,
}

impl fmt::Display for FontError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFont { name, why } => {
                write!(f, "`{name}` is not an OTF, TTF or TTC font: {why}")
            }
            Self::TooLarge { name } => {
                write!(f, "`{name}` is larger than {} MiB", MAX_FONT_BYTES >> 20)
            }
            Self::TooMany => write!(f, "there are more than {MAX_FONTS} fonts"),
        }
    }
}

impl std::error::Error for FontError {}

/// The bytes of a font, shared with the registry.
enum File {
    Embedded(&'static [u8]),
    Added(Arc<Vec<u8>>),
}

impl File {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Embedded(bytes) => bytes,
            Self::Added(bytes) => bytes,
        }
    }
}

/// The fonts that may be drawn with; shared by all threads.
pub struct Fonts {
    pub(super) registry: takumi::prelude::Fonts,
    files: Vec<File>,
    digests: Vec<Digest>,
}

impl Fonts {
    /// The embedded fonts alone.
    pub fn embedded() -> Result<Self, FontError> {
        let mut fonts = Self {
            registry: takumi::prelude::Fonts::default(),
            files: Vec::new(),
            digests: Vec::new(),
        };
        for (bytes, hex) in EMBEDDED {
            let digest = Digest::parse(hex).unwrap_or_else(|| Digest::of(bytes));
            let source = FontSource::from_static(bytes);
            fonts.register("embedded", source)?;
            fonts.files.push(File::Embedded(bytes));
            fonts.digests.push(digest);
        }
        Ok(fonts)
    }

    /// Adds a font file of the project; `name` stands for it in messages.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), FontError> {
        if bytes.len() as u64 > MAX_FONT_BYTES {
            return Err(FontError::TooLarge {
                name: name.to_owned(),
            });
        }
        if self.files.len() >= MAX_FONTS + EMBEDDED.len() {
            return Err(FontError::TooMany);
        }
        let not = |why: String| FontError::NotAFont {
            name: name.to_owned(),
            why,
        };
        let found = faces(&bytes).map_err(not)?;
        if found
            .iter()
            .all(|face| face.charmap().mappings().next().is_none())
        {
            return Err(not("it maps no character to a glyph".to_owned()));
        }
        let digest = Digest::of(&bytes);
        let bytes = Arc::new(bytes);
        let shared: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::<Vec<u8>>::clone(&bytes);
        self.register(name, FontSource::from_shared(shared))?;
        self.digests.push(digest);
        self.files.push(File::Added(bytes));
        Ok(())
    }

    /// The digest of each font file, in the order in which they are asked for a glyph.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The characters of `text` that no font has, each once, in order. Spaces and characters that
    /// are not drawn are left out.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let faces: Vec<FontRef<'_>> = self
            .files
            .iter()
            .flat_map(|file| faces(file.bytes()).unwrap_or_default())
            .collect();
        let maps: Vec<_> = faces.iter().map(|face| face.charmap()).collect();
        let mut missing = Vec::new();
        for c in text.chars() {
            if is_drawn(c) && !missing.contains(&c) && !maps.iter().any(|map| map.map(c).is_some())
            {
                missing.push(c);
            }
        }
        missing
    }

    fn register(&mut self, name: &str, source: FontSource<'_>) -> Result<(), FontError> {
        let resource = FontResource::new(source).generic_family(GenericFamily::SANS_SERIF);
        let families = self
            .registry
            .register(resource)
            .map_err(|e| FontError::NotAFont {
                name: name.to_owned(),
                why: e.to_string(),
            })?;
        if families.is_empty() {
            return Err(FontError::NotAFont {
                name: name.to_owned(),
                why: "it has no face with a family name".to_owned(),
            });
        }
        Ok(())
    }
}

/// Every face of a font file or a collection.
fn faces(bytes: &[u8]) -> Result<Vec<FontRef<'_>>, String> {
    let file = FileRef::new(bytes).map_err(|e| e.to_string())?;
    file.fonts()
        .map(|face| face.map_err(|e| e.to_string()))
        .collect()
}

/// Whether a glyph is needed for it: not for spaces, controls, joiners and variation selectors.
fn is_drawn(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{EMBEDDED, FontError, Fonts, REGULAR};
    use base::digest::Digest;

    #[test]
    fn the_digests_are_those_of_the_files() {
        for (bytes, hex) in EMBEDDED {
            assert_eq!(Digest::of(bytes).hex(), hex);
        }
        let fonts = Fonts::embedded().unwrap();
        assert_eq!(fonts.digests()[0].hex(), EMBEDDED[0].1);
    }

    #[test]
    fn what_no_font_has_is_named_once() {
        let fonts = Fonts::embedded().unwrap();
        assert_eq!(
            fonts.missing("30 天从 0 到 1 上手 AI — “引号” ①★✓ € ¥ × \u{200d}\u{fe0f}\n"),
            Vec::<char>::new()
        );
        assert_eq!(fonts.missing("上🚀手🚀 𠮷"), ['🚀', '𠮷']);
    }

    #[test]
    fn a_file_that_is_no_font_is_refused() {
        let mut fonts = Fonts::embedded().unwrap();
        let error = fonts.add("brand/logo.png", vec![0; 64]).unwrap_err();
        assert!(matches!(&error, FontError::NotAFont { name, .. } if name == "brand/logo.png"));
        assert!(
            error
                .to_string()
                .starts_with("`brand/logo.png` is not an OTF, TTF or TTC font: ")
        );
        fonts.add("again.otf", REGULAR.to_vec()).unwrap();
        assert_eq!(fonts.digests().len(), 3);
        assert!(fonts.add("cut.otf", REGULAR[..9000].to_vec()).is_err());
    }
}
