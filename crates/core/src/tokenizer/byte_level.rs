//! The printable alphabet of byte-level vocabularies: one character for each byte.
//!
//! Source: <https://github.com/openai/gpt-2/blob/master/src/encoder.py>, `bytes_to_unicode`.

/// The character that stands for `byte`: itself where it is printable, else one of U+0100 to U+0143.
pub(crate) const fn character(byte: u8) -> char {
    CHARACTERS[byte as usize]
}

/// The byte that `character` stands for.
pub(crate) fn byte(character: char) -> Option<u8> {
    let code = character as u32;
    match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => Some(code as u8),
        0x100..=0x120 => Some((code - 0x100) as u8),
        0x121..=0x142 => Some((code - 0x121 + 0x7f) as u8),
        0x143 => Some(0xad),
        _ => None,
    }
}

/// The bytes a vocabulary entry stands for; `None` where it holds a character outside the alphabet.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(byte).collect()
}

/// Appends `text` in the alphabet to `out`.
pub(crate) fn write(text: &str, out: &mut String) {
    out.extend(text.bytes().map(character));
}

const CHARACTERS: [char; 256] = {
    let mut characters = ['\0'; 256];
    let mut index = 0;
    let mut next = 0x100_u32;
    while index < 256 {
        let printable = matches!(index, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if printable { index as u32 } else { next };
        if !printable {
            next += 1;
        }
        characters[index] = match char::from_u32(code) {
            Some(character) => character,
            None => '\0',
        };
        index += 1;
    }
    characters
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_every_byte_there_and_back() {
        for value in 0..=255_u8 {
            assert_eq!(byte(character(value)), Some(value));
        }
        assert_eq!(character(b' '), 'Ġ');
        assert_eq!(character(b'\n'), 'Ċ');
        assert_eq!(byte('中'), None);
    }
}
