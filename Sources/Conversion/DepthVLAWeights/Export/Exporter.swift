public import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAParallelism
public import DVLARemapping
import DVLASafetensors
public import DVLATensors

/// What the user asks of an export.
public struct ExportOptions: Sendable {
  /// A naming of the family, or `source`: naming, types, ties and files as the source had them.
  public var naming: String
  /// The model to take out of a composite; nil: the bundle's own family.
  public var family: String?
  /// The type of all float tensors; nil: that of the bundle, and for quantized tensors the one
  /// they were quantized from.
  public var dtype: DType?
  /// Writes quantized tensors as floats even where the library reads INT8.
  public var dequantizes = false
  /// Gives a tensor that the library keeps once under several names all of them, as in the state
  /// dict of its class; its files have some.
  public var allTiedNames = false
  /// Tensor bytes in one shard.
  public var shardByteCount = 5_000_000_000
  public var overwrite = false
  public var threads = 1

  public init(naming: String) { self.naming = naming }
}

/// What came of an export.
public struct ExportResult: Sendable {
  public struct File: Sendable {
    public let name: String
    public let byteCount: Int
    public let tensorCount: Int
  }

  public struct Asset: Sendable {
    public let name: String
    public let byteCount: Int
  }

  public let family: String
  public let naming: String
  public let files: [File]
  /// Files from the bundle that are beside the weights again.
  public let assets: [Asset]
  /// Tensors written as INT8 with scales.
  public let int8Count: Int
  /// Quantized tensors written as floats with the quantization applied.
  public let dequantizedCount: Int
  /// What the reader of the folder should know.
  public let notes: [String]
}

/// Turns a bundle back into a checkpoint that the upstream library loads.
public struct Exporter: Sendable {
  let bundle: WeightBundle
  let library: ManifestLibrary
  let options: ExportOptions

  public init(_ bundle: WeightBundle, library: ManifestLibrary, options: ExportOptions) {
    self.bundle = bundle
    self.library = library
    self.options = options
  }

  private static let blockByteCount = 2 << 20

  /// Writes the folder, whole or not at all.
  ///
  /// - Throws: `output.is-input`, `export.*`, `manifest.unknown`, and what reading and writing
  ///   throw.
  public func write(
    to path: String, progress: @escaping WorkProgress.Handler = { _ in }
  ) throws(WeightsError) -> ExportResult {
    for file in try filesStanding(at: path) where try isSameFile(file, bundle.path) {
      throw InputProtection.refusal(
        output: path, is: "the folder of the bundle \(bundle.path.quoted)")
    }
    let source = try FullPrecisionBundle(bundle)
    let planner = CheckpointPlanner(
      bundle: bundle, source: source, library: library, options: options)
    let plan = try inFile(bundle.path) { () throws(WeightsError) in try planner.plan() }

    let assets = ExportAssets(bundle, plan, families: library.families)
    var layouts: [SafetensorsLayout] = []
    let tensors = Dictionary(grouping: plan.tensors, by: \.file)
    for (index, file) in plan.files.enumerated() {
      layouts.append(
        try SafetensorsLayout(
          tensors: (tensors[index] ?? []).map(\.info), metadata: file.metadata, order: .library))
    }
    let folder = try AtomicOutputDirectory(path: path, overwrite: options.overwrite)
    do throws(WeightsError) {
      var outputs: [OutputFileHandle] = []
      for (file, layout) in zip(plan.files, layouts) {
        let output = try folder.file(named: file.name)
        try output.reserve(byteCount: layout.byteCount)
        try output.write(unsafe layout.headerBytes.span.bytes, at: 0)
        outputs.append(output)
      }
      try writeTensors(plan, layouts, outputs, source, progress)
      if plan.hasIndex {
        try folder.write(plan.index, to: "model.safetensors.index.json")
      }
      try assets.write(to: folder, from: bundle)
      if let config = plan.config { try folder.write(config, to: "config.json") }
      try folder.commit()
    } catch {
      folder.discard()
      throw error
    }
    return ExportResult(
      family: plan.family, naming: plan.naming,
      files: zip(plan.files, layouts).map { file, layout in
        ExportResult.File(
          name: file.name, byteCount: layout.byteCount, tensorCount: layout.entries.count)
      },
      assets: assets.files.map {
        ExportResult.Asset(name: $0.name, byteCount: $0.asset.byteCount)
      }, int8Count: plan.int8Count, dequantizedCount: plan.dequantizedCount,
      notes: plan.notes + assets.notes)
  }

  private func writeTensors(
    _ plan: ExportPlan, _ layouts: [SafetensorsLayout], _ outputs: [OutputFileHandle],
    _ source: FullPrecisionBundle, _ progress: WorkProgress.Handler
  ) throws(WeightsError) {
    var blocks: [StoredBlock] = []
    for (index, tensor) in plan.tensors.enumerated() {
      var start = 0
      while start < tensor.info.byteCount {
        let end = min(start + Self.blockByteCount, tensor.info.byteCount)
        blocks.append(
          StoredBlock(tensor: index, range: start..<end, isLast: end == tensor.info.byteCount))
        start = end
      }
    }
    let encoder = ExportEncoder(plan: plan, bundle: bundle, source: source)
    let total = plan.tensors.reduce(0) { $0 + $1.info.byteCount }
    var done = 0
    let work = blocks
    let starts = plan.tensors.map { layouts[$0.file].fileOffset(of: $0.info.name) }
    try OrderedWork.run(
      items: work.count, threads: options.threads,
      makeScratch: { () throws(WeightsError) -> Scratch in Scratch() },
      work: { (index, scratch) throws(WeightsError) -> Range<Int>? in
        let block = work[index]
        guard let start = starts[block.tensor] else { return nil }
        let output = outputs[plan.tensors[block.tensor].file]
        let place = start + block.range.lowerBound
        let count = block.range.count
        scratch.bytes.grow(to: count)
        try inFile(bundle.path) { () throws(WeightsError) in
          try scratch.bytes.withBytes(count) { (bytes) throws(WeightsError) in
            try encoder.fill(
              &bytes, from: block.range.lowerBound, of: block.tensor, &scratch.elements)
          }
        }
        try scratch.bytes.withReadOnlyBytes(count) { (bytes) throws(WeightsError) in
          try output.write(bytes, at: place)
        }
        return place..<place + count
      },
      consume: { (index, written) throws(WeightsError) in
        let block = work[index]
        // The device takes it while later blocks are made, so that little is left to wait for.
        if let written {
          try outputs[plan.tensors[block.tensor].file].beginWriting(written)
        }
        done += block.range.count
        try progress(WorkProgress(phase: "export", doneByteCount: done, totalByteCount: total))
      })
  }

  /// What one thread reuses from block to block.
  private struct Scratch {
    /// What is written.
    var bytes: [UInt8] = []
    /// The elements before their cast.
    var elements: [UInt8] = []
  }
}

extension AtomicOutputDirectory {
  fileprivate func write(_ document: JSONValue, to name: String) throws(WeightsError) {
    let text = document.encoded(pretty: true) + "\n"
    try file(named: name).write(unsafe text.utf8.span.bytes, at: 0)
  }
}
