//! A stream of server-sent events, event by event: its name, and its data to read. Knows nothing of what is in them.

use std::io::{self, BufRead, Read};

/// The longest name of a field or of an event that is looked at, in bytes.
const MAX_NAME: usize = 200;

/// A stream of events, at the beginning of a line or in the value of a field.
pub(super) struct Events<R> {
    inner: R,
    /// In the value of a field, behind its colon.
    in_value: bool,
    /// The field at which the data before it ended.
    ahead: Option<Vec<u8>>,
}

impl<R: BufRead> Events<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            in_value: false,
            ahead: None,
        }
    }

    /// Goes to the next event that has data, and gives its name, which may be empty; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<String>> {
        let mut event = String::new();
        loop {
            let field = match self.ahead.take() {
                Some(field) => field,
                None => match self.field()? {
                    Some(field) => field,
                    None => return Ok(None),
                },
            };
            match field.as_slice() {
                b"data" => return Ok(Some(event)),
                b"event" => event = self.value()?,
                b"" if !self.in_value => event.clear(),
                _ => self.skip_line()?,
            }
        }
    }

    /// The data of the event.
    pub(super) fn data(&mut self) -> Data<'_, R> {
        Data { events: self }
    }

    /// Passes by what is left of the data.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        io::copy(&mut self.data(), &mut io::sink()).map(drop)
    }

    /// The name of the next field, from the beginning of its line: empty for a comment or a blank line.
    fn field(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.in_value {
            self.skip_line()?;
        }
        let mut name = Vec::new();
        let mut is_end = true;
        while let Some(&sign) = self.inner.fill_buf()?.first() {
            self.inner.consume(1);
            is_end = false;
            match sign {
                b'\n' => return Ok(Some(name)),
                b'\r' => {}
                b':' => {
                    self.in_value = true;
                    return Ok(Some(name));
                }
                sign if name.len() < MAX_NAME => name.push(sign),
                _ => {}
            }
        }
        Ok((!is_end).then_some(name))
    }

    /// The rest of a line as a name.
    fn value(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        (&mut self.inner)
            .take(MAX_NAME as u64)
            .read_until(b'\n', &mut line)?;
        match line.last() {
            Some(b'\n') => self.in_value = false,
            _ => self.skip_line()?,
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    fn skip_line(&mut self) -> io::Result<()> {
        self.in_value = false;
        self.inner.skip_until(b'\n').map(drop)
    }
}

/// The data of an event: its lines, one below the other.
pub(super) struct Data<'e, R> {
    events: &'e mut Events<R>,
}

impl<R: BufRead> Read for Data<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let events = &mut *self.events;
        if buffer.is_empty() || events.ahead.is_some() {
            return Ok(0);
        }
        if !events.in_value {
            let Some(field) = events.field()? else {
                return Ok(0);
            };
            if field != b"data" {
                events.ahead = Some(field);
                return Ok(0);
            }
            buffer[0] = b'\n';
            return Ok(1);
        }
        let came = events.inner.fill_buf()?;
        if came.is_empty() {
            events.in_value = false;
            return Ok(0);
        }
        let end = memchr::memchr(b'\n', came);
        let size = end.unwrap_or(came.len()).min(buffer.len());
        buffer[..size].copy_from_slice(&came[..size]);
        let is_end = end == Some(size);
        events.inner.consume(size + usize::from(is_end));
        events.in_value = !is_end;
        if size == 0 {
            // An empty line of data.
            return self.read(buffer);
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::Events;

    fn events(text: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        // As small as can be, so that everything falls between two reads.
        let mut events = Events::new(BufReader::with_capacity(1, text.as_bytes()));
        while let Some(name) = events.next().unwrap() {
            let mut data = String::new();
            events.data().read_to_string(&mut data).unwrap();
            events.finish().unwrap();
            found.push((name, data.trim().to_owned()));
        }
        found
    }

    #[test]
    fn names_and_data() {
        let event = |name: &str, data: &str| (name.to_owned(), data.to_owned());
        assert_eq!(
            events(
                ": hello\n\nevent: a\ndata: {1}\n\ndata:{2}\ndata: {3}\nid: 4\n\n: ping\n\nevent: b\r\ndata: 5\r\n\r\ndata: [DONE]"
            ),
            [
                event("a", "{1}"),
                event("", "{2}\n {3}"),
                event("b", "5"),
                event("", "[DONE]"),
            ]
        );
        for nothing in [
            "",
            "\n\n",
            "event: a\n\n",
            ": data: 1\n",
            "datum: 1\n",
            "data",
        ] {
            let found = events(nothing);
            assert!(
                found.iter().all(|(_, data)| data.is_empty()),
                "{nothing}: {found:?}"
            );
        }
    }
}
