//! Git LFS: what a checkout holds in place of a file whose contents were not fetched. Knows the form of such a
//! pointer, and not git.

/// How every pointer begins, as the specification of Git LFS has it.
const FIRST_LINE: &[u8] = b"version https://git-lfs.github.com/spec/";

/// What one is.
pub const WHAT: &str = "a pointer of Git LFS";

/// What to do about one.
pub const HINT: &str =
    "`git lfs pull` fetches it (`git lfs install` first, if git does not know `lfs`)";

/// Whether these bytes are a pointer to a file that lies elsewhere.
pub fn is_pointer(bytes: &[u8]) -> bool {
    // The specification: less than 1,024 bytes.
    bytes.len() < 1024 && bytes.starts_with(FIRST_LINE)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_pointer_is_known_by_its_first_line() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert!(super::is_pointer(pointer));
        assert!(!super::is_pointer(b"version 2"));
        assert!(!super::is_pointer(&[&pointer[..], &[b'x'; 1024]].concat()));
    }
}
