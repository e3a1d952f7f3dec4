//! The fonts that gpbuild brings (`fonts/README.md` says what each holds and where it is from). Data; parses nothing.

use takumi::prelude::{FontOverride, FontResource, FontSource, GenericFamily};

use base::digest::Digest;

/// One embedded file.
pub(super) struct Embedded {
    pub bytes: &'static [u8],
    /// Its blake3 in hex, so that a start need not hash it; a test compares.
    pub hex: &'static str,
    part: Part,
}

/// What a file is asked for.
#[derive(Clone, Copy)]
enum Part {
    /// All text, before any font of a project.
    Text,
    /// What `font-family: monospace` names, as `<code>` does.
    Mono,
    /// What neither the first nor a font of the project has. Under names of their own, so that a project's own Noto
    /// Sans is none of them.
    Rest(&'static str),
    /// The same in one weight, taken for every weight: nothing is made bold that was not drawn bold.
    OneWeight(&'static str),
}

macro_rules! embedded {
    ($file:literal, $hex:literal, $part:expr) => {
        Embedded {
            bytes: include_bytes!(concat!("../../../../fonts/", $file)),
            hex: $hex,
            part: $part,
        }
    };
}

/// All of them, in the order in which they are asked for a glyph.
pub(super) static EMBEDDED: [Embedded; 9] = [
    embedded!(
        "NotoSansSC-Regular.otf",
        "15ac70379b5b5682f22977e1bf268e7d8b8bc3de5ee363b5e7f049ba6fe84bce",
        Part::Text
    ),
    embedded!(
        "NotoSansSC-Bold.otf",
        "d22f293939904d65d91a8a138d6640c3350c08d5e4f28c7011dd8341c0c3d7c3",
        Part::Text
    ),
    embedded!(
        "Latin-Regular.otf",
        "c4f51ffdbb867acf9a5fe390f3dbc9748ec0563d7f44c225c608e407682f0a6f",
        Part::Rest("gpbuild Latin")
    ),
    embedded!(
        "Latin-Bold.otf",
        "b0f772902e63d6950b962bcc2b72e23b636fd1f0fc6b4909880a28a63fa8af7c",
        Part::Rest("gpbuild Latin")
    ),
    embedded!(
        "Symbols-Regular.ttf",
        "053aaba65f37996bbbc1c0137334b263f2bf8de306720cac939c3bce358054d3",
        Part::Rest("gpbuild Symbols")
    ),
    embedded!(
        "Symbols-Bold.ttf",
        "048983f620810513a322ef26c1f7c560c4e98a7b76ac08d566066976d4da99f8",
        Part::Rest("gpbuild Symbols")
    ),
    embedded!(
        "Emoji.ttf",
        "98315c25fc929973f3ef3e3a7301236541b7d2cc6ff7f015aac03bb92e20e3a9",
        Part::OneWeight("gpbuild Emoji")
    ),
    embedded!(
        "Mono-Regular.otf",
        "f3b28db3c6046f12a5f96a5c6c88431876f1b3acb82b06c9d2a3c422de230fd3",
        Part::Mono
    ),
    embedded!(
        "Mono-Bold.otf",
        "b2e4c6a3fc2880bbdd4108373506804984c6c48df25b97c18aed0e00f84aa9c3",
        Part::Mono
    ),
];

impl Embedded {
    pub fn digest(&self) -> Digest {
        Digest::parse(self.hex).unwrap_or_else(|| Digest::of(self.bytes))
    }

    /// How it is registered.
    pub fn resource(&self) -> FontResource<'static> {
        let font = FontResource::new(FontSource::from_static(self.bytes));
        let named = |family: &str, weight: Option<f32>| FontOverride {
            family_name: Some(family.into()),
            weight,
            ..FontOverride::default()
        };
        match self.part {
            Part::Text => font.generic_family(GenericFamily::SANS_SERIF),
            Part::Mono => font.generic_family(GenericFamily::MONOSPACE).last_resort(),
            Part::Rest(family) => font.override_info(named(family, None)).last_resort(),
            Part::OneWeight(family) => font.override_info(named(family, Some(700.0))).last_resort(),
        }
    }
}
