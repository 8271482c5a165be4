import BundleFormat
import Diagnostics
import FileAccess
import Safetensors

/// Whether the sources of a conversion are as they were when they were opened, where the times of
/// their last writes cannot tell: who writes to a file may set its time back.
struct SourceMarks {
  private let files: [InputFile]

  init(_ sources: [ImportedSource]) { files = sources.flatMap { $0.checkpoint.files.map(\.file) } }

  /// Where anything of a source changed while it was read, be it its permissions alone, the bundle
  /// is made once more and compared: only that tells whether all of it is of the same bytes.
  ///
  /// - Throws: `file.changed`, also where something changes meanwhile again; what reading throws.
  func check(
    _ bundle: Bundle, of conversion: Conversion, _ progress: @escaping Progress.Handler
  ) throws(WeightsError) {
    var touched: [InputFile] = []
    var marks: [FileChangeMark] = []
    for file in files {
      let mark = try file.changeMark()
      if mark != file.openedMark { touched.append(file) }
      marks.append(mark)
    }
    guard let first = touched.first else { return }
    let comparison = try BundleComparison(bundle, repeating: conversion, progress: progress)
    guard comparison.differences.isEmpty, comparison.recordDifferences.isEmpty else {
      throw Self.changed(first)
    }
    for (file, mark) in zip(files, marks) where try file.changeMark() != mark {
      throw Self.changed(file)
    }
  }

  private static func changed(_ file: InputFile) -> WeightsError {
    WeightsError(
      .fileChanged, .inputOutput, file: file.path,
      "changed while it was read, though the time of its last write is as it was")
  }
}
