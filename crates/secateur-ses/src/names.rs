//! Texts that are kept once and named by a number.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// Texts, each kept once. Number 0 is the empty text.
#[derive(Clone, Debug)]
pub struct Names {
    text: String,
    /// Byte after the end of each text; a text begins where the one before ends.
    ends: Vec<usize>,
    /// Open addressing; `u32::MAX` is a free slot.
    slots: Vec<u32>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self { text: String::new(), ends: Vec::new(), slots: vec![u32::MAX; 64] };
        names.number("");
        names
    }
}

impl Names {
    /// The text of a number.
    ///
    /// # Panics
    /// When no text has it.
    pub fn text(&self, number: u32) -> &str {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start..self.ends[at]]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never: the empty text is always there.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of a text, a new one if need be.
    pub fn number(&mut self, text: &str) -> u32 {
        let slot = match self.slot(text) {
            Ok(number) => return number,
            Err(slot) => slot,
        };
        let number = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        self.slots[slot] = number;
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    /// The number of a text that is there.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.slot(text).ok()
    }

    fn slot(&self, text: &str) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(text) as usize & mask;
        loop {
            match self.slots[slot] {
                u32::MAX => return Err(slot),
                number if self.text(number) == text => return Ok(number),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let mut slots = vec![u32::MAX; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for number in 0..self.ends.len() as u32 {
            let mut slot = hash(self.text(number)) as usize & mask;
            while slots[slot] != u32::MAX {
                slot = (slot + 1) & mask;
            }
            slots[slot] = number;
        }
        self.slots = slots;
    }
}

fn hash(text: &str) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number() {
        let mut names = Names::default();
        let numbers: Vec<u32> = (0..1000).map(|at| names.number(&format!("n{at}"))).collect();
        for (at, number) in numbers.iter().enumerate() {
            assert_eq!(names.text(*number), format!("n{at}"));
            assert_eq!(names.number(&format!("n{at}")), *number);
        }
        assert_eq!((names.len(), names.find("m"), names.number("")), (1001, None, 0));
    }
}
