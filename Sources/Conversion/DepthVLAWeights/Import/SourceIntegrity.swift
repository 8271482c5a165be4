import DVLABundles
import DVLADiagnostics
import DVLAFiles
import DVLAHashing
import DVLAParallelism
import DVLASafetensors
import Synchronization

/// SHA-256 of every file of the sources, computed beside the conversion on a thread of its own.
final class SourceHashes: Sendable {
  private let task: BackgroundTask<[[Digest]]>
  private let isCancelled: Flag

  /// A flag that one thread raises and another reads.
  private final class Flag: Sendable {
    let raised = Atomic(false)
  }

  private init(_ task: BackgroundTask<[[Digest]]>, _ isCancelled: Flag) {
    self.task = task
    self.isCancelled = isCancelled
  }

  /// Starts the thread. It has to be waited for or cancelled.
  static func start(for sources: [ImportedSource]) -> SourceHashes {
    let files = sources.map { $0.checkpoint.files.map(\.file) }
    let flag = Flag()
    let task = BackgroundTask { () throws(WeightsError) -> [[Digest]] in
      let found = try FileDigests.compute(files.flatMap(\.self)) {
        !flag.raised.load(ordering: .relaxed)
      }
      guard var rest = found?[...] else { throw WeightsError(.taskCancelled, .interrupted, "") }
      return files.map { group in
        defer { rest.removeFirst(group.count) }
        return Array(rest.prefix(group.count))
      }
    }
    return SourceHashes(task, flag)
  }

  /// By source, then by file.
  func wait() throws(WeightsError) -> [[Digest]] { try task.wait() }

  /// Ends the work and waits for its thread. A process that exits while libcrypto is in use
  /// crashes.
  func cancel() {
    isCancelled.raised.store(true, ordering: .relaxed)
    _ = try? task.wait()
  }
}

/// Whether the sources of a conversion are as they were when they were opened, even where the times
/// of their last writes cannot show it: a program that writes to a file can set its time back.
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
    // Assets have hashes of their own that they are checked by.
    var options = conversion.options
    options.assets = AssetChoice()
    options.assets.takesFound = false
    do throws(WeightsError) {
      let again = try Conversion(
        sources: conversion.sources, options: options, library: conversion.library)
      let comparison = try BundleComparison.compare(
        bundle, withRepeated: again, progress: progress)
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
      "changed while it was read, although its modification time is unchanged; run the command again "
        + "when nothing writes to it")
  }
}
