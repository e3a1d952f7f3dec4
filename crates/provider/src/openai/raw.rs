//! A picture that is the whole of an answer: its bytes as they are, and whether they end as a picture ends. Knows no JSON.

use std::io::{self, Read};

/// The last bytes that are looked at.
const LAST: usize = 12;
/// The end of every PNG.
const PNG_END: &[u8] = b"IEND\xae\x42\x60\x82";
/// The end of every JPEG.
const JPEG_END: &[u8] = b"\xff\xd9";

/// Reads a picture, and remembers how it began and ended.
pub(super) struct Raw<R> {
    inner: R,
    first: Vec<u8>,
    last: Vec<u8>,
    size: u64,
}

impl<R: Read> Raw<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            first: Vec::new(),
            last: Vec::new(),
            size: 0,
        }
    }

    /// Whether it ended as a picture of its kind does, as far as its bytes say.
    pub(super) fn is_whole(&self) -> bool {
        match self.first.as_slice() {
            [b'R', b'I', b'F', b'F', a, b, c, d, ..] => {
                self.size >= u64::from(u32::from_le_bytes([*a, *b, *c, *d])) + 8
            }
            [0xff, 0xd8, ..] => self.last.ends_with(JPEG_END),
            _ => self.last.ends_with(PNG_END),
        }
    }
}

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let came = &buffer[..read];
        let room = LAST.saturating_sub(self.first.len());
        self.first.extend_from_slice(&came[..read.min(room)]);
        self.last
            .extend_from_slice(&came[read.saturating_sub(LAST)..]);
        self.last.drain(..self.last.len().saturating_sub(LAST));
        self.size += read as u64;
        Ok(read)
    }
}
