//! What may be drawn with: the embedded fonts and the project's. Parses each font once; knows no project, no file and
//! no page.

mod embedded;
mod file;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use skrifa::MetadataProvider as _;
use skrifa::raw::FontRef;
use takumi::prelude::{FontResource, FontSource, GenericFamily, UnicodeRange, UnicodeRangeSet};

use base::digest::Digest;

use embedded::{EMBEDDED, Embedded};
use file::{faces, slice_of, unpacked};

/// The largest font file that is taken, in bytes, and as large as one may be unpacked.
pub const MAX_FONT_BYTES: u64 = 64 << 20;
/// All fonts of a project together, unpacked, in bytes.
const MAX_ALL_BYTES: u64 = 512 << 20;
/// At most so many fonts of a project: a Chinese font of a site is a hundred slices a weight.
pub const MAX_FONTS: usize = 1024;

/// What makes a key of the digit before it.
const KEYCAP: char = '\u{20e3}';

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
    /// All fonts are larger than can be held.
    TooLargeTogether {
        /// The file that is too much.
        name: String,
    },
}

impl fmt::Display for FontError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFont { name, why } => {
                write!(
                    f,
                    "`{name}` is not an OTF, TTF, TTC, WOFF or WOFF2 font: {why}"
                )
            }
            Self::TooLarge { name } => {
                write!(f, "`{name}` is larger than {} MiB", MAX_FONT_BYTES >> 20)
            }
            Self::TooMany => write!(f, "there are more than {MAX_FONTS} fonts"),
            Self::TooLargeTogether { name } => write!(
                f,
                "`{name}` and the fonts before it are larger than {} MiB, unpacked",
                MAX_ALL_BYTES >> 20
            ),
        }
    }
}

impl std::error::Error for FontError {}

/// A font file, its bytes shared with the registry.
enum File {
    Embedded(&'static Embedded),
    Added {
        name: String,
        /// As OpenType, unpacked.
        bytes: Arc<Vec<u8>>,
        /// What it has in common with other slices of one face.
        face: Option<String>,
    },
}

impl File {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Embedded(font) => font.bytes,
            Self::Added { bytes, .. } => bytes,
        }
    }
}

/// The fonts that may be drawn with; shared by all threads.
pub struct Fonts {
    pub(super) registry: takumi::prelude::Fonts,
    files: Vec<File>,
    digests: Vec<Digest>,
    /// The faces that come in several files: each is asked for the characters that it has.
    sliced: BTreeSet<String>,
}

impl Fonts {
    /// The embedded fonts alone.
    pub fn embedded() -> Result<Self, FontError> {
        let mut fonts = Self {
            registry: takumi::prelude::Fonts::default(),
            files: Vec::new(),
            digests: Vec::new(),
            sliced: BTreeSet::new(),
        };
        for font in &EMBEDDED {
            fonts.digests.push(font.digest());
            fonts.files.push(File::Embedded(font));
        }
        fonts.registry = fonts.registered()?;
        Ok(fonts)
    }

    /// Adds a font file of the project; `name` stands for it in messages. Files of one family, weight and style are
    /// slices of one font, as sites have them.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), FontError> {
        let name = name.to_owned();
        if bytes.len() as u64 > MAX_FONT_BYTES {
            return Err(FontError::TooLarge { name });
        }
        let added = self.files.iter().skip(EMBEDDED.len());
        let held: u64 = added.map(|file| file.bytes().len() as u64).sum();
        if self.files.len() >= MAX_FONTS + EMBEDDED.len() {
            return Err(FontError::TooMany);
        }
        let digest = Digest::of(&bytes);
        let not = |why: String| FontError::NotAFont {
            name: name.clone(),
            why,
        };
        let bytes = unpacked(bytes).map_err(not)?;
        if held + bytes.len() as u64 > MAX_ALL_BYTES {
            return Err(FontError::TooLargeTogether { name });
        }
        let found = faces(&bytes).map_err(not)?;
        if found
            .iter()
            .all(|face| face.charmap().mappings().next().is_none())
        {
            return Err(not("it maps no character to a glyph".to_owned()));
        }
        let face = slice_of(&found);
        let file = File::Added {
            name,
            face,
            bytes: Arc::new(bytes),
        };
        if self.slices(&file) {
            // Its first slice was taken for the whole font.
            self.files.push(file);
            self.registry = self.registered()?;
        } else {
            register(&mut self.registry, &file, &self.sliced)?;
            self.files.push(file);
        }
        self.digests.push(digest);
        Ok(())
    }

    /// Notes that the file's face comes in slices, if one of them is there and that was not known.
    fn slices(&mut self, file: &File) -> bool {
        let File::Added {
            face: Some(own), ..
        } = file
        else {
            return false;
        };
        let is_slice =
            |other: &File| matches!(other, File::Added { face: Some(face), .. } if face == own);
        self.files.iter().any(is_slice) && self.sliced.insert(own.clone())
    }

    /// A registry of all files.
    fn registered(&self) -> Result<takumi::prelude::Fonts, FontError> {
        let mut registry = takumi::prelude::Fonts::default();
        for file in &self.files {
            register(&mut registry, file, &self.sliced)?;
        }
        Ok(registry)
    }

    /// The digest of each font file, in the order in which they are asked for a glyph.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The characters of `text` that no font has, each once, in order. Spaces and characters that
    /// are not drawn are left out.
    pub fn missing(&self, text: &str) -> Vec<char> {
        let faces: Vec<(bool, FontRef<'_>)> = self
            .files
            .iter()
            .flat_map(|file| {
                let own = matches!(file, File::Added { .. });
                let faces = faces(file.bytes()).unwrap_or_default();
                faces.into_iter().map(move |face| (own, face))
            })
            .collect();
        let maps: Vec<_> = faces
            .iter()
            .map(|(own, face)| (own, face.charmap()))
            .collect();
        // The embedded digits and the keycap are of two fonts, and do not become one sign.
        let has = |c: char| {
            let mut maps = maps.iter().filter(|(own, _)| **own || c != KEYCAP);
            maps.any(|(_, map)| map.map(c).is_some())
        };
        let mut missing = Vec::new();
        for c in text.chars() {
            if is_drawn(c) && !missing.contains(&c) && !has(c) {
                missing.push(c);
            }
        }
        missing
    }
}

/// Hands a file to the drawing library.
fn register(
    registry: &mut takumi::prelude::Fonts,
    file: &File,
    sliced: &BTreeSet<String>,
) -> Result<(), FontError> {
    let (name, resource) = match file {
        File::Embedded(font) => ("embedded", font.resource()),
        File::Added { name, bytes, face } => {
            let shared: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::<Vec<u8>>::clone(bytes);
            let font = FontResource::new(FontSource::from_shared(shared))
                .generic_family(GenericFamily::SANS_SERIF);
            let is_slice = face.as_ref().is_some_and(|face| sliced.contains(face));
            let font = match is_slice {
                true => font.unicode_range(range(bytes)),
                false => font,
            };
            (name.as_str(), font)
        }
    };
    let not = |why: String| FontError::NotAFont {
        name: name.to_owned(),
        why,
    };
    let families = registry
        .register(resource)
        .map_err(|e| not(e.to_string()))?;
    if families.is_empty() {
        return Err(not("it has no face with a family name".to_owned()));
    }
    Ok(())
}

/// The characters that a file has, as `unicode-range` says them.
fn range(bytes: &[u8]) -> UnicodeRangeSet {
    let faces = faces(bytes).unwrap_or_default();
    let mapped = faces.iter().flat_map(|face| face.charmap().mappings());
    mapped.map(|(c, _)| UnicodeRange::new(c, c)).collect()
}

/// Whether a glyph is needed for it: not for spaces, joiners and variation selectors. Controls and the separators that
/// are no line ends of HTML would be drawn as boxes.
fn is_drawn(c: char) -> bool {
    let is_box = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}');
    if is_box || matches!(c, '\u{2028}' | '\u{2029}') {
        return true;
    }
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
