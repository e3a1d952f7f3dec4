//! Files as one zip. Pictures are compressed already: they are stored as they are, with no time and no path but their
//! own names, so that the same files give the same archive.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::view::Download;

/// The most that an archive holds, in bytes.
const MAX_BYTES: usize = 512 << 20;

/// Packs files, or says in words why not.
pub fn pack(files: Vec<Download>) -> Result<Vec<u8>, String> {
    if files.is_empty() {
        return Err("there is nothing made to take home".to_owned());
    }
    let all: usize = files.iter().map(|file| file.bytes.len()).sum();
    if all > MAX_BYTES {
        return Err("that is too much for one file: take fewer at once".to_owned());
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::with_capacity(all)));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut names = BTreeSet::new();
    for file in files {
        // The last part of its path; the whole of it, flat, where two are called the same.
        let short = file.name.rsplit('/').next().unwrap_or_default().to_owned();
        let name = match names.contains(&short) {
            false => short,
            true => file.name.replace('/', "-"),
        };
        zip.start_file(&name, options).map_err(|e| e.to_string())?;
        zip.write_all(&file.bytes).map_err(|e| e.to_string())?;
        names.insert(name);
    }
    let done = zip.finish().map_err(|e| e.to_string())?;
    Ok(done.into_inner())
}

#[cfg(test)]
mod tests {
    use super::pack;
    use crate::view::Download;

    #[test]
    fn files_of_one_name_are_told_apart_and_the_same_files_give_the_same_archive() {
        let files = || {
            let names = ["dist/a/01.png", "dist/b/01.png"];
            let file = |name: &str| Download {
                name: name.to_owned(),
                bytes: name.as_bytes().to_vec(),
            };
            Vec::from(names.map(file))
        };
        let bytes = pack(files()).unwrap();
        assert_eq!(bytes, pack(files()).unwrap());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("01.png") && text.contains("dist-b-01.png"));
        assert!(pack(Vec::new()).is_err());
    }
}
