import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLASafetensors

/// Whether the sources of a conversion are as they were when they were opened, where the times of
/// their last writes cannot tell: who writes to a file may set its time back.
struct SourceMarks {
  private let files: [SafetensorsFile]

  init(_ sources: [ImportedSource]) { files = sources.flatMap(\.checkpoint.files) }

  /// Where anything of a source changed while it was read, be it its permissions alone, everything
  /// is made once more and compared: headers, what the plan found in tied tensors, and the bundle.
  ///
  /// - Throws: `file.changed`, also where something changes meanwhile again; what reading throws.
  func check(
    _ bundle: WeightBundle, of conversion: Conversion, _ progress: @escaping WorkProgress.Handler
  ) throws(WeightsError) {
    var marks: [FileChangeMark] = []
    for file in files { marks.append(try file.file.changeMark()) }
    let touched = zip(files, marks).first { $0.file.openedMark != $1 }
    guard let first = touched?.0.file else { return }
    for file in files where !(try file.repeatsHeader()) { throw Self.changed(file.file) }
    guard try Self.isRepeated(bundle, conversion, progress) else { throw Self.changed(first) }
    for (file, mark) in zip(files.map(\.file), marks) where try file.changeMark() != mark {
      throw Self.changed(file)
    }
  }

  private static func isRepeated(
    _ bundle: WeightBundle, _ conversion: Conversion, _ progress: @escaping WorkProgress.Handler
  ) throws(WeightsError) -> Bool {
    // Assets are held against their own hashes.
    var options = conversion.options
    options.assets = AssetChoice()
    options.assets.takesFound = false
    do throws(WeightsError) {
      let again = try Conversion(
        sources: conversion.sources, options: options, library: conversion.library)
      let comparison = try BundleComparison(bundle, repeating: again, progress: progress)
      return comparison.differences.isEmpty && comparison.recordDifferences.isEmpty
    } catch {
      // What could be planned before, and made, cannot be now.
      if error.kind == .inputOutput || error.kind == .unavailable { throw error }
      return false
    }
  }

  private static func changed(_ file: InputFile) -> WeightsError {
    WeightsError(
      .fileChanged, .inputOutput, file: file.path,
      "changed while it was read, though the time of its last write is as it was")
  }
}
