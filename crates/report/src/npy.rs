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

#[cfg(test)]
mod tests {
    use super::*;

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
