//! Tables as Apache Parquet, the columnar format: one required column of doubles per column of the table, a column of codes as
//! the texts that CSV shows, and the plan as the file's metadata under the key `plan`.
//! Format: <https://parquet.apache.org/docs/file-format/>. Nothing in a file depends on clock, machine or how rows were handed over.

use std::{
    io::{Error, Write},
    sync::Arc,
};

use ::parquet::{
    basic::{LogicalType, Repetition, Type as Physical},
    data_type::{ByteArray, ByteArrayType, DoubleType},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{Type, TypePtr},
};

use crate::{RowHeader, Table};

/// Numbers held back until their row group is full: 32 MB.
const HELD: usize = 4 << 20;

/// A table being written, row by row.
pub(crate) struct ParquetRows<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    codes: Option<(usize, Vec<String>)>,
    width: usize,
    /// Rows of the group to come, one after the other.
    held: Vec<f64>,
    /// Rows of a full group.
    most: usize,
}

impl<W: Write + Send> std::fmt::Debug for ParquetRows<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetRows").field("width", &self.width).field("held", &self.held.len()).finish()
    }
}

/// What the library reports, where the operating system does not stand behind it.
fn failed(error: ParquetError) -> Error {
    match error {
        ParquetError::External(source) => match source.downcast::<Error>() {
            Ok(error) => *error,
            Err(source) => Error::other(source.to_string()),
        },
        other => Error::other(other.to_string()),
    }
}

fn schema(header: &RowHeader) -> Result<TypePtr, ParquetError> {
    let coded = header.codes.as_ref().map(|(column, _)| *column);
    let column = |(i, name): (usize, &String)| {
        let (physical, logical) = match coded == Some(i) {
            true => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            false => (Physical::DOUBLE, None),
        };
        let built = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::REQUIRED)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(built))
    };
    let fields = header.columns.iter().enumerate().map(column).collect::<Result<_, ParquetError>>()?;
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?))
}

impl<W: Write + Send> ParquetRows<W> {
    /// Begins a file.
    pub(crate) fn begin(sink: W, header: &RowHeader) -> std::io::Result<Self> {
        let plan = KeyValue::new("plan".to_owned(), header.plan.clone());
        let properties = WriterProperties::builder()
            .set_created_by(format!("dinlab {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(vec![plan]))
            .build();
        let writer = SerializedFileWriter::new(sink, schema(header).map_err(failed)?, Arc::new(properties));
        let width = header.columns.len().max(1);
        Ok(Self {
            writer: writer.map_err(failed)?,
            codes: header.codes.clone(),
            width,
            held: Vec::new(),
            most: (HELD / width).max(1),
        })
    }

    /// Adds whole rows. Groups are cut by the number of rows alone, so that the bytes do not depend on how they come.
    pub(crate) fn put(&mut self, rows: &[f64]) -> std::io::Result<()> {
        for row in rows.chunks(self.width) {
            self.held.extend_from_slice(row);
            if self.held.len() >= self.most * self.width {
                self.flush().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for column in 0..self.width {
            let values = self.held.iter().skip(column).step_by(self.width);
            match &self.codes {
                Some((coded, names)) if *coded == column => texts(&mut group, names, values)?,
                _ => {
                    let Some(mut writer) = group.next_column()? else { break };
                    let values: Vec<f64> = values.copied().collect();
                    writer.typed::<DoubleType>().write_batch(&values, None, None)?;
                    writer.close()?;
                }
            }
        }
        group.close()?;
        self.held.clear();
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn end(mut self) -> std::io::Result<W> {
        if !self.held.is_empty() {
            self.flush().map_err(failed)?;
        }
        self.writer.into_inner().map_err(failed)
    }
}

/// A column of codes as texts; a code without a name is written as its number.
fn texts<'a, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    names: &[String],
    codes: impl Iterator<Item = &'a f64>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    // Equal names share their bytes.
    let bytes: Vec<ByteArray> = names.iter().map(|name| name.clone().into_bytes().into()).collect();
    let text = |code: &f64| match crate::table::named(*code, names) {
        Some(_) => bytes[*code as usize].clone(),
        None => crate::number::exact(*code).into_bytes().into(),
    };
    let texts: Vec<ByteArray> = codes.map(text).collect();
    writer.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
    writer.close()
}

/// Bytes of a Parquet file with a table and the plan (JSON) that made it.
///
/// # Errors
/// What the writer of the format reports.
pub fn parquet(table: &Table, plan: &str) -> std::io::Result<Vec<u8>> {
    let (columns, rows) = (table.columns.clone(), table.rows.len() as u64);
    let header = RowHeader { name: "table", plan: plan.into(), columns, rows, codes: table.codes.clone() };
    let mut writer = ParquetRows::begin(Vec::new(), &header)?;
    for row in &table.rows {
        writer.put(row)?;
    }
    writer.end()
}
