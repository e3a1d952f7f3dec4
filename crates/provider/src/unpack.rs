//! A body that came compressed though nobody asked for that: by its first bytes, so that one on the disk can be read as
//! well. What it unpacks to is bounded. Knows nothing of what is in it.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// So many bytes tell what a body is.
const FIRST: usize = 2;

/// The body as it was before it was compressed, of which no more than `limit` bytes are read.
pub(crate) fn unpacked<'r>(
    mut body: impl Read + 'r,
    limit: u64,
) -> io::Result<Box<dyn BufRead + 'r>> {
    let mut first = Vec::new();
    (&mut body).take(FIRST as u64).read_to_end(&mut first)?;
    let is_gzip = first == [0x1f, 0x8b];
    // `x`, with which no answer begins, and a sum that holds.
    let is_zlib = first.len() == FIRST
        && first[0] == 0x78
        && (u16::from(first[0]) * 256 + u16::from(first[1])).is_multiple_of(31);
    let whole = Cursor::new(first).chain(body);
    Ok(match (is_gzip, is_zlib) {
        (true, _) => bounded(MultiGzDecoder::new(whole), limit),
        (_, true) => bounded(ZlibDecoder::new(whole), limit),
        _ => Box::new(BufReader::with_capacity(64 << 10, whole)),
    })
}

fn bounded<'r>(inner: impl Read + 'r, limit: u64) -> Box<dyn BufRead + 'r> {
    Box::new(BufReader::with_capacity(
        64 << 10,
        Bounded {
            inner,
            left: limit,
            limit,
        },
    ))
}

/// An error where there is more than so much.
struct Bounded<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("it unpacks to more than {} bytes", self.limit))
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::unpacked;

    #[test]
    fn what_is_packed_is_unpacked_within_bounds() {
        let text = vec![b'{'; 1000];
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
        zlib.write_all(&text).unwrap();
        let (gzip, zlib) = (gzip.finish().unwrap(), zlib.finish().unwrap());
        for packed in [&gzip, &zlib, &text] {
            let mut out = Vec::new();
            unpacked(&packed[..], 1000)
                .unwrap()
                .read_to_end(&mut out)
                .unwrap();
            assert_eq!(out, text);
        }
        for packed in [&gzip, &zlib] {
            let mut out = Vec::new();
            let error = unpacked(&packed[..], 999)
                .unwrap()
                .read_to_end(&mut out)
                .unwrap_err();
            assert_eq!(error.to_string(), "it unpacks to more than 999 bytes");
        }
        // One that ends early is no whole one.
        let mut out = Vec::new();
        assert!(
            unpacked(&gzip[..gzip.len() - 9], 1000)
                .unwrap()
                .read_to_end(&mut out)
                .is_err()
        );
        for short in [&b""[..], b"{", b"x", b"\x78\x00"] {
            let mut out = Vec::new();
            unpacked(short, 9).unwrap().read_to_end(&mut out).unwrap();
            assert_eq!(out, short);
        }
    }
}
