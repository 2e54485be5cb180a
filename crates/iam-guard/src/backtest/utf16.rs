//! Reads UTF-16, the encoding of redirected output in shells on Windows, as UTF-8.

use std::io::{self, BufRead, Read};

/// How two bytes make a unit.
pub(super) type Order = fn([u8; 2]) -> u16;

/// The byte order, if a text begins with its mark.
pub(super) fn order(start: &[u8]) -> Option<Order> {
    match start {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

pub(super) struct Utf16<R> {
    inner: R,
    order: Order,
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a pair.
    high: Option<u16>,
    /// What is decoded and not yet read.
    text: io::Cursor<Vec<u8>>,
    is_end: bool,
}

impl<R: BufRead> Utf16<R> {
    pub(super) fn new(inner: R, order: Order) -> Self {
        Self {
            inner,
            order,
            half: None,
            high: None,
            text: io::Cursor::default(),
            is_end: false,
        }
    }

    /// Decodes what the reader has next.
    fn decode(&mut self) -> io::Result<()> {
        let bytes = self.inner.fill_buf()?;
        let length = bytes.len();
        let mut units: Vec<u16> = self.high.take().into_iter().collect();
        for byte in bytes {
            match self.half.take() {
                Some(half) => units.push((self.order)([half, *byte])),
                None => self.half = Some(*byte),
            }
        }
        self.inner.consume(length);
        self.is_end = length == 0;
        let is_end = self.is_end;
        self.high = units.pop_if(|last| !is_end && (0xd800..0xdc00).contains(last));
        let characters = char::decode_utf16(units);
        let text: String = characters
            .map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.text = io::Cursor::new(text.into_bytes());
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let length = self.text.read(buffer)?;
            if length > 0 || self.is_end {
                return Ok(length);
            }
            self.decode()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_chunks_gives_the_text() {
        const TEXT: &str = "{\"é\": \"𝄞\"}";
        let units: Vec<u16> = TEXT.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|it| it.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|it| it.to_be_bytes()).collect();
        let decoded = |bytes: &[u8], order: Order, size| {
            let reader = io::BufReader::with_capacity(size, bytes);
            let mut text = String::new();
            let mut utf16 = Utf16::new(reader, order);
            utf16.read_to_string(&mut text).unwrap();
            text
        };
        for size in 1..9 {
            assert_eq!(decoded(&little, u16::from_le_bytes, size), TEXT);
            assert_eq!(decoded(&big, u16::from_be_bytes, size), TEXT);
        }
        for missing in [5, 6] {
            let cut = &little[..little.len() - missing];
            assert!(decoded(cut, u16::from_le_bytes, 4).ends_with('\u{fffd}'));
        }
    }
}
