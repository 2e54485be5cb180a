//! Sets of small numbers.

/// A set of numbers, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The numbers below `end`.
    pub(crate) fn below(end: usize) -> Bits {
        (0..end).collect()
    }

    pub(crate) fn insert(&mut self, number: usize) {
        let word = number / 64;
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn contains(&self, number: usize) -> bool {
        let word = self.words.get(number / 64);
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn len(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones());
        usize::try_from(ones.sum::<u32>()).unwrap_or(usize::MAX)
    }

    pub(crate) fn add(&mut self, other: &Bits) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    pub(crate) fn without(&self, other: &Bits) -> Bits {
        let other = other.words.iter().chain(std::iter::repeat(&0));
        Bits::trimmed(self.words.iter().zip(other).map(|(a, b)| a & !b).collect())
    }

    pub(crate) fn and(&self, other: &Bits) -> Bits {
        let both = self.words.iter().zip(&other.words);
        Bits::trimmed(both.map(|(a, b)| a & b).collect())
    }

    /// Without zeros at the end, so that equal sets are equal.
    fn trimmed(mut words: Vec<u64>) -> Bits {
        while words.last() == Some(&0) {
            words.pop();
        }
        Bits { words }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.words.iter().enumerate();
        words.flat_map(|(at, word)| Ones(*word).map(move |bit| at * 64 + bit))
    }

    /// The size in words.
    pub(crate) fn words(&self) -> usize {
        self.words.len()
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Bits {
        let mut bits = Bits::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

/// The places of the ones in a word.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = self.0.checked_ilog2()?;
        // The lowest one comes first.
        let lowest = self.0.trailing_zeros().min(bit);
        self.0 &= self.0 - 1;
        usize::try_from(lowest).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_inserted() {
        let numbers = [0, 1, 63, 64, 65, 127, 200];
        let bits: Bits = numbers.into_iter().collect();
        assert_eq!(bits.iter().collect::<Vec<_>>(), numbers);
        assert_eq!(bits.len(), numbers.len());
        assert!(bits.contains(64) && !bits.contains(2) && !bits.contains(5000));
        let fewer = bits.without(&[1, 200].into_iter().collect());
        assert_eq!(fewer.iter().collect::<Vec<_>>(), [0, 63, 64, 65, 127]);
        assert!(Bits::below(70).without(&Bits::below(70)).is_empty());
        let mut sum = Bits::below(2);
        sum.add(&bits);
        assert_eq!(sum, bits);
    }
}
