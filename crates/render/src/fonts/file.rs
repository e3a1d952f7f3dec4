//! A font file of a project: its faces, out of whichever wrapping the web gave it. Knows bytes; registers nothing.

use skrifa::MetadataProvider as _;
use skrifa::raw::{FileRef, FontRef};
use skrifa::string::StringId;

use super::MAX_FONT_BYTES;

/// Where the number of tables stands in a WOFF file, in bytes.
const TABLES_AT: usize = 12;
/// Where its list of tables begins, in bytes.
const LIST_AT: usize = 44;
/// How long each of them is, in bytes, and where in it the table's own length stands.
const ENTRY: usize = 20;
const LENGTH_AT: usize = 12;

/// The bytes of a font as OpenType has them: WOFF and WOFF2 are unpacked, bounded by [`MAX_FONT_BYTES`].
pub(super) fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let plain = match bytes.first_chunk::<4>() {
        Some(b"wOFF") => {
            if woff_length(&bytes).is_none_or(|length| length > MAX_FONT_BYTES) {
                return Err("its list of tables is cut, or says more than can be".to_owned());
            }
            wuff::decompress_woff1(&bytes).map_err(|_| "it cannot be unpacked".to_owned())?
        }
        Some(b"wOF2") => {
            wuff::decompress_woff2(&bytes).map_err(|_| "it cannot be unpacked".to_owned())?
        }
        _ => bytes,
    };
    if plain.len() as u64 > MAX_FONT_BYTES {
        return Err("unpacked it is too large".to_owned());
    }
    Ok(plain)
}

/// How long the tables of a WOFF file say they are, unpacked.
fn woff_length(bytes: &[u8]) -> Option<u64> {
    let tables = bytes.get(TABLES_AT..)?.first_chunk::<2>()?;
    let list = bytes.get(LIST_AT..)?;
    let lengths = list.chunks_exact(ENTRY).map(|entry| {
        let length = entry[LENGTH_AT..].first_chunk::<4>();
        u64::from(length.map_or(u32::MAX, |length| u32::from_be_bytes(*length)))
    });
    let tables = usize::from(u16::from_be_bytes(*tables));
    (list.len() / ENTRY >= tables).then(|| lengths.take(tables).sum())
}

/// Every face of a font file or a collection.
pub(super) fn faces(bytes: &[u8]) -> Result<Vec<FontRef<'_>>, String> {
    let file = FileRef::new(bytes).map_err(|e| e.to_string())?;
    file.fonts()
        .map(|face| face.map_err(|e| e.to_string()))
        .collect()
}

/// What two files have in common if they are slices of one face, as sites have them: a family and a style. `None` for
/// a collection, which is whole.
pub(super) fn slice_of(faces: &[FontRef<'_>]) -> Option<String> {
    let [face] = faces else { return None };
    let family = [StringId::TYPOGRAPHIC_FAMILY_NAME, StringId::FAMILY_NAME]
        .into_iter()
        .find_map(|id| face.localized_strings(id).english_or_first())?;
    let attributes = face.attributes();
    Some(format!(
        "{} {attributes:?}",
        family.to_string().to_lowercase()
    ))
}
