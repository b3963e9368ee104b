//! NumPy's `.npy` format, version 1.0: a two-dimensional array of little-endian doubles in row-major order.
//! The format has no place for column names; they stand in the CSV and JSON forms of the same data.
//! Format: NEP 1, <https://numpy.org/neps/nep-0001-npy-format.html>.

use crate::Table;

/// Bytes of a `.npy` file with shape (rows, columns).
pub fn npy(table: &Table) -> Vec<u8> {
    let shape = (table.rows.len(), table.columns.len());
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {}), }}", shape.0, shape.1);
    // Magic (6), version (2), length (2), header and newline together fill a multiple of 64 bytes.
    let unpadded = 10 + header.len() + 1;
    header.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let length = u16::try_from(header.len()).expect("two integers of at most 20 digits fit into 64 kB");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(length.to_le_bytes());
    bytes.extend(header.as_bytes());
    for row in &table.rows {
        // A row cut short or padded keeps the announced shape.
        bytes.extend((0..shape.1).flat_map(|i| row.get(i).copied().unwrap_or(f64::NAN).to_le_bytes()));
    }
    bytes
}

/// The numbers of a `.npy` file with one axis, or with a second one of length 1: little-endian doubles or singles, as [`npy`] and
/// NumPy write them. The error says what is wrong with the file.
pub fn vector(bytes: &[u8]) -> Result<Vec<f64>, String> {
    const EXPECTED: &str = "expected a NumPy array of shape (n,) or (n, 1) of type <f8 or <f4";
    let wrong = |what: &str| format!("{what}; {EXPECTED}");
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(|| wrong("it is no NumPy file"))?;
    // Version 1 has two bytes of length, later ones four.
    let size = match rest.first() {
        Some(1) => 2,
        Some(2 | 3) => 4,
        _ => return Err(wrong("its version is not known")),
    };
    let cut = || wrong("it is cut off");
    let (length, rest) = rest.get(2..).and_then(|r| r.split_at_checked(size)).ok_or_else(cut)?;
    let length = length.iter().rev().fold(0, |n, &b| n << 8 | usize::from(b));
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header: String = String::from_utf8_lossy(header).split_whitespace().collect();
    let value = |key: &str| header.split_once(&format!("'{key}':")).map_or("", |(_, after)| after);
    let shape = value("shape").trim_start_matches('(').split(')').next().unwrap_or_default();
    let mut axes = shape.split(',').filter(|axis| !axis.is_empty()).map(str::parse::<usize>);
    let (Some(Ok(count)), None | Some(Ok(1)), None) = (axes.next(), axes.next(), axes.next()) else {
        return Err(wrong(&format!("its shape is ({shape})")));
    };
    let wide = match value("descr") {
        text if text.starts_with("'<f8'") => true,
        text if text.starts_with("'<f4'") => false,
        _ => return Err(wrong("its numbers have another type")),
    };
    if count.checked_mul(if wide { 8 } else { 4 }) != Some(data.len()) {
        return Err(wrong(&format!("it has {} bytes of data for {count} numbers", data.len())));
    }
    let double = |b: &[u8]| b.try_into().map_or(f64::NAN, f64::from_le_bytes);
    let single = |b: &[u8]| b.try_into().map_or(f64::NAN, |b| f64::from(f32::from_le_bytes(b)));
    Ok(if wide {
        data.chunks_exact(8).map(double).collect()
    } else {
        data.chunks_exact(4).map(single).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_the_rest_refused() {
        let column = Table::new(vec!["x".into()], vec![vec![0.1], vec![-2.0], vec![f64::INFINITY]]);
        let bytes = npy(&column);
        assert_eq!(vector(&bytes), Ok(vec![0.1, -2.0, f64::INFINITY]));
        for end in 0..bytes.len() {
            assert!(vector(&bytes[..end]).unwrap_err().contains("expected a NumPy array"), "{end}");
        }
        let square = Table::new(vec!["x".into(), "y".into()], vec![vec![1.0, 2.0]]);
        assert!(vector(&npy(&square)).unwrap_err().contains("shape is (1,2)"));
        // As `numpy.save` writes a vector in single precision.
        let mut single = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        let header = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
        single.extend(header.as_bytes());
        single.extend([1.5_f32, -0.25].iter().flat_map(|v| v.to_le_bytes()));
        assert_eq!(vector(&single), Ok(vec![1.5, -0.25]));
        let other = String::from_utf8_lossy(&single).replace("<f4", "<i4");
        assert!(vector(other.as_bytes()).is_err());
    }

    #[test]
    fn layout_follows_the_format() {
        let table = Table::new(
            vec!["t".into(), "x".into()],
            vec![vec![0.0, 1.5], vec![1.0, f64::NEG_INFINITY], vec![2.0, -0.0]],
        );
        let bytes = npy(&table);
        assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
        let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        assert_eq!((10 + length) % 64, 0);
        let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
        assert!(
            header.starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }")
                && header.ends_with('\n')
        );
        let data: Vec<f64> =
            bytes[10 + length..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(data[..4], [0.0, 1.5, 1.0, f64::NEG_INFINITY]);
        assert_eq!(data[5].to_bits(), (-0.0f64).to_bits());
    }
}
