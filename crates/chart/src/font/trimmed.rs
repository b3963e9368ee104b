//! The embedded font with the outlines of unused characters taken out, so that a figure carries 20 kB instead of 130.

use std::collections::{BTreeMap, BTreeSet};

use super::BYTES;

/// A font that contains the characters of one figure.
pub(crate) struct Trimmed {
    /// Family name, unique to the set of characters: pages that contain several figures must not mix them up.
    pub family: String,
    /// TrueType file.
    pub bytes: Vec<u8>,
}

/// Tables a browser needs; kerning and the names of glyphs are left out.
const TABLES: [&[u8; 4]; 10] =
    [b"OS/2", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name", b"post"];

/// The font reduced to some characters. If it cannot be taken apart, it is returned whole.
pub(crate) fn embedded(characters: &BTreeSet<char>) -> Trimmed {
    // FNV-1a (Fowler, Noll, Vo): the name has to differ, not to be secret.
    let hash = characters
        .iter()
        .flat_map(|c| (*c as u32).to_be_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let bytes = trim(characters).unwrap_or_else(|| BYTES.to_vec());
    Trimmed { family: format!("dinlab-{hash:016x}"), bytes }
}

fn u16_at(data: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?) as usize)
}

/// Tables of the font by tag.
fn tables() -> Option<BTreeMap<&'static [u8], &'static [u8]>> {
    (0..u16_at(BYTES, 4)?)
        .map(|i| 12 + 16 * i)
        .map(|entry| {
            let (start, length) = (u32_at(BYTES, entry + 8)?, u32_at(BYTES, entry + 12)?);
            Some((&BYTES[entry..entry + 4], BYTES.get(start..start + length)?))
        })
        .collect()
}

/// Glyph of a character of the basic plane (`cmap` format 4); 0 where there is none.
fn glyph(cmap: &[u8], character: char) -> Option<usize> {
    let code = character as usize;
    let table = (0..u16_at(cmap, 2)?)
        .filter_map(|i| u32_at(cmap, 8 + 8 * i))
        .find(|start| u16_at(cmap, *start) == Some(4))
        .and_then(|start| cmap.get(start..))?;
    let doubled = u16_at(table, 6)?;
    for i in 0..doubled / 2 {
        let (end, start) = (u16_at(table, 14 + 2 * i)?, u16_at(table, 16 + doubled + 2 * i)?);
        if code < start || code > end {
            continue;
        }
        let delta = u16_at(table, 16 + 2 * doubled + 2 * i)?;
        let offset_at = 16 + 3 * doubled + 2 * i;
        let offset = u16_at(table, offset_at)?;
        let base = if offset == 0 { code } else { u16_at(table, offset_at + offset + 2 * (code - start))? };
        return Some(if base == 0 { 0 } else { (base + delta) & 0xFFFF });
    }
    Some(0)
}

/// Glyphs that a composite glyph is made of.
fn components(outline: &[u8]) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    if outline.len() < 2 || outline[0] & 0x80 == 0 {
        return Some(found); // number of contours ≥ 0: a simple glyph
    }
    let mut at = 10;
    loop {
        let flags = u16_at(outline, at)?;
        found.push(u16_at(outline, at + 2)?);
        let arguments = if flags & 0x0001 != 0 { 4 } else { 2 };
        let scale = match flags {
            f if f & 0x0008 != 0 => 2,
            f if f & 0x0040 != 0 => 4,
            f if f & 0x0080 != 0 => 8,
            _ => 0,
        };
        at += 4 + arguments + scale;
        if flags & 0x0020 == 0 {
            return Some(found);
        }
    }
}

fn trim(characters: &BTreeSet<char>) -> Option<Vec<u8>> {
    let tables = tables()?;
    let table = |tag: &[u8; 4]| tables.get(&tag[..]).copied();
    let (cmap, glyf, loca, head) = (table(b"cmap")?, table(b"glyf")?, table(b"loca")?, table(b"head")?);
    let glyphs = u16_at(table(b"maxp")?, 4)?;
    let long = u16_at(head, 50)? == 1;
    let offset = |i: usize| if long { u32_at(loca, 4 * i) } else { u16_at(loca, 2 * i).map(|o| 2 * o) };
    let outline = |i: usize| glyf.get(offset(i)?..offset(i + 1)?);

    let mut kept = BTreeSet::new();
    let mut waiting: Vec<usize> = vec![0];
    for c in characters {
        waiting.push(glyph(cmap, *c)?);
    }
    while let Some(next) = waiting.pop() {
        if kept.insert(next) {
            waiting.extend(components(outline(next)?)?);
        }
    }
    let (mut new_glyf, mut new_loca) = (Vec::new(), Vec::new());
    for i in 0..=glyphs {
        new_loca.extend((new_glyf.len() as u32).to_be_bytes());
        if kept.contains(&i) {
            new_glyf.extend(outline(i)?);
            new_glyf.resize(new_glyf.len().next_multiple_of(4), 0);
        }
    }
    let mut new_head = head.to_vec();
    new_head.get_mut(8..12)?.fill(0); // adjustment of the checksum, set by `assemble`
    new_head.get_mut(50..52)?.copy_from_slice(&[0, 1]); // long offsets
    let mut post = table(b"post")?.get(..32)?.to_vec();
    post[..4].copy_from_slice(&[0, 3, 0, 0]); // version without names of glyphs
    let mut parts = Vec::new();
    for tag in TABLES {
        let data = match tag {
            b"glyf" => new_glyf.clone(),
            b"loca" => new_loca.clone(),
            b"head" => new_head.clone(),
            b"post" => post.clone(),
            _ => table(tag)?.to_vec(),
        };
        parts.push((tag, data));
    }
    Some(assemble(parts))
}

/// Sum of big-endian words.
fn checksum(data: &[u8]) -> u32 {
    data.chunks(4).fold(0u32, |sum, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

/// A TrueType file from its tables, sorted by tag.
fn assemble(parts: Vec<(&[u8; 4], Vec<u8>)>) -> Vec<u8> {
    let count = parts.len() as u16;
    let power = 1u16 << count.ilog2();
    let mut file = vec![0, 1, 0, 0];
    for value in [count, 16 * power, count.ilog2() as u16, 16 * (count - power)] {
        file.extend(value.to_be_bytes());
    }
    let (mut at, mut head_at) = (12 + 16 * parts.len(), 0);
    for (tag, data) in &parts {
        file.extend_from_slice(&tag[..]);
        for value in [checksum(data), at as u32, data.len() as u32] {
            file.extend(value.to_be_bytes());
        }
        if *tag == b"head" {
            head_at = at;
        }
        at += data.len().next_multiple_of(4);
    }
    for (_, data) in parts {
        file.extend(data);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    let adjustment = 0xB1B0_AFBA_u32.wrapping_sub(checksum(&file));
    file[head_at + 8..head_at + 12].copy_from_slice(&adjustment.to_be_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_characters_keep_their_outlines_and_the_file_becomes_small() {
        let characters: BTreeSet<char> = "Error ‖∇J‖ ≤ 10⁻³ é".chars().collect();
        let whole = embedded(&characters);
        assert!(whole.bytes.len() < 45_000, "{}", whole.bytes.len());
        assert_eq!(checksum(&whole.bytes), 0xB1B0_AFBA, "checksum of the file");
        assert_ne!(whole.family, embedded(&"abc".chars().collect()).family);
        let cmap = tables().unwrap()[&b"cmap"[..]];
        assert!(characters.iter().all(|c| glyph(cmap, *c).unwrap() > 0), "a character has no glyph");
        assert_eq!(glyph(cmap, '\u{4E2D}'), Some(0));
    }

    #[test]
    fn the_symbols_of_the_papers_have_glyphs() {
        let cmap = tables().unwrap()[&b"cmap"[..]];
        for c in "αβγδεθλμρσψΔΣ∇‖∞≤≥≠≈±×·∂∈√∫∑→⟨⟩⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ₀₁₂₃ᵢ−–—…′″°ℝ½".chars()
        {
            assert!(glyph(cmap, c).unwrap() > 0, "no glyph for {c}");
        }
    }
}
