//! The encoding of a stream: JSON in UTF-8, also with a byte order mark, or in UTF-16, as shells on
//! Windows write it.

use std::io::{self, BufRead, Read};

/// A reader of the stream as UTF-8, without a byte order mark.
pub(super) fn decoded<'r>(mut stream: impl BufRead + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let order: fn([u8; 2]) -> u16 = match mark(&mut stream)? {
        [0xff, 0xfe, _] => u16::from_le_bytes,
        [0xfe, 0xff, _] => u16::from_be_bytes,
        [0xef, 0xbb, 0xbf] => {
            stream.consume(3);
            return Ok(Box::new(stream));
        }
        _ => return Ok(Box::new(stream)),
    };
    stream.consume(2);
    Ok(Box::new(Utf16 {
        stream,
        order,
        high: None,
        text: Vec::new(),
    }))
}

/// The first bytes of the stream; zeros if there are fewer.
fn mark(stream: &mut impl BufRead) -> io::Result<[u8; 3]> {
    let first = stream.fill_buf()?;
    let mut mark = [0; 3];
    mark.iter_mut()
        .zip(first)
        .for_each(|(to, byte)| *to = *byte);
    Ok(mark)
}

/// A stream in UTF-16.
struct Utf16<R> {
    stream: R,
    order: fn([u8; 2]) -> u16,
    /// The first half of a character.
    high: Option<u16>,
    /// What is decoded and not read, in reverse.
    text: Vec<u8>,
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut length = 0;
        for to in buffer.iter_mut() {
            if self.text.is_empty() && !self.decode()? {
                break;
            }
            let Some(byte) = self.text.pop() else { break };
            *to = byte;
            length += 1;
        }
        Ok(length)
    }
}

impl<R: BufRead> Utf16<R> {
    /// Decodes the next character; false at the end.
    fn decode(&mut self) -> io::Result<bool> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-16");
        loop {
            if self.stream.fill_buf()?.is_empty() {
                return match self.high {
                    Some(_) => Err(invalid()),
                    None => Ok(false),
                };
            }
            let mut pair = [0; 2];
            self.stream.read_exact(&mut pair).map_err(|_| invalid())?;
            let units = self.high.take().into_iter().chain([(self.order)(pair)]);
            match char::decode_utf16(units.clone()).next() {
                Some(Ok(c)) => {
                    let mut bytes = [0; 4];
                    self.text.extend(c.encode_utf8(&mut bytes).bytes().rev());
                    return Ok(true);
                }
                // Only the first half of a character leaves one unit, and it may stand there once.
                Some(Err(error)) if units.count() == 1 && error.unpaired_surrogate() < 0xdc00 => {
                    self.high = Some(error.unpaired_surrogate());
                }
                _ => return Err(invalid()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        // A small buffer cuts characters apart.
        let stream = io::BufReader::with_capacity(3, bytes);
        decoded(stream)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn every_encoding_is_decoded() {
        let text = "{\"é\": \"𝄞\"}";
        let units = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        let marked = format!("\u{feff}{text}");
        for bytes in [text.as_bytes(), marked.as_bytes(), &little, &big] {
            assert_eq!(read(bytes).unwrap(), text);
        }
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for bytes in [
            &[0xff, 0xfe, 0x7b][..],
            &[0xff, 0xfe, 0x34, 0xd8],
            &[0xff, 0xfe, 0, 0xdc],
        ] {
            assert!(read(bytes).is_err(), "{bytes:?}");
        }
        let twice = [0xff, 0xfe, 0x34, 0xd8, 0x34, 0xd8];
        assert!(read(&twice).is_err());
    }
}
