//! From the bytes of a file to the bytes of its text: what a checkout, an editor or a spreadsheet puts around the
//! same words is taken off. Knows encodings; knows no syntax.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use memchr::memchr;

use base::diagnostic::Diagnostic;
use base::path::ProjectPath;

const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Without byte order marks (two editors leave two of them), of UTF-16 with its mark as UTF-8, and with `\n` at the end of
/// each line, also where that was `\r` alone: what differs only by how it was saved is the same.
pub fn clean(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = marked(bytes).map(|encoding| encoding.decode_with_bom_removal(bytes));
    if let Some((text, false)) = wide {
        return Cow::Owned(clean(text.as_bytes()).into_owned());
    }
    let mut rest = bytes;
    while let Some(unmarked) = rest.strip_prefix(MARK) {
        rest = unmarked;
    }
    if memchr(b'\r', rest).is_none() {
        return Cow::Borrowed(rest);
    }
    if memchr(b'\n', rest).is_none() {
        let ended = rest.iter().map(|byte| match byte {
            b'\r' => b'\n',
            byte => *byte,
        });
        return Cow::Owned(ended.collect());
    }
    let mut cleaned = Vec::with_capacity(rest.len());
    for (n, line) in rest.split(|byte| *byte == b'\n').enumerate() {
        if n > 0 {
            // The line before ends here.
            if cleaned.last() == Some(&b'\r') {
                cleaned.pop();
            }
            cleaned.push(b'\n');
        }
        cleaned.extend_from_slice(line);
    }
    Cow::Owned(cleaned)
}

/// UTF-16, by its byte order mark.
fn marked(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => Some(UTF_16LE),
        [0xFE, 0xFF, ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The bytes as UTF-8: of the encoding that the manifest says, of UTF-16 with its mark, or as they are.
pub(super) fn decode<'b>(
    file: &ProjectPath,
    bytes: &'b [u8],
    said: Option<&'static Encoding>,
) -> Result<Cow<'b, [u8]>, Diagnostic> {
    let Some(encoding) = marked(bytes).or(said) else {
        return Ok(Cow::Borrowed(bytes));
    };
    let (text, wrong) = encoding.decode_with_bom_removal(bytes);
    if wrong {
        let name = encoding.name();
        let message = format!("`{file}` is not written in {name}");
        return Err(Diagnostic::error(message).hint(
            "`encoding` says how a CSV file is saved, such as `gbk` or `windows-1252`; without it, it is UTF-8",
        ));
    }
    Ok(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// A CSV file that is not UTF-8 may say what it is.
pub(super) fn or_said(wrong: Diagnostic) -> Diagnostic {
    wrong.hint("or say what it is, beside its name: `{ csv = \"…\", encoding = \"gbk\" }`")
}
