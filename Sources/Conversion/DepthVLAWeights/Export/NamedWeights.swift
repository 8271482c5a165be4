public import DVLABundles
public import DVLADiagnostics
public import DVLAJSON
import DVLAParallelism
public import DVLARemapping
public import DVLATensors
import Synchronization

/// The tensors of a bundle with the names, shapes and types of an upstream library, in memory: what
/// ``Exporter`` writes to a folder, without the folder.
public struct NamedWeights: Sendable {
  public let family: String
  public let naming: String
  /// In the order in which they are loaded.
  public let tensors: [TensorInfo]
  /// The library's `config.json`; nil where it has none.
  public let config: JSONValue?
  /// The `__metadata__` of the library's files; nil where they have none.
  public let metadata: [(key: String, value: String)]?
  /// Tensors that stay INT8, with scales.
  public let int8Count: Int
  /// Quantized tensors that become floats.
  public let dequantizedCount: Int
  /// What whoever loads the weights should know.
  public let notes: [String]

  private let bundle: WeightBundle
  private let plan: ExportPlan
  private let source: FullPrecisionBundle

  /// A whole number of elements of every type, and of chunks of a bundle.
  private static let pieceByteCount = 1 << 20

  /// Plans the tensors. Nothing is read.
  ///
  /// - Parameters:
  ///   - options: `naming`, `family`, `dtype` and `allTiedNames`; the rest is for folders.
  ///   - keepsInt8: keeps INT8 values and scales, under `layout` names as the bundle stores them,
  ///     else where the library reads them.
  /// - Throws: `export.*`, `manifest.unknown`; `export.int8` where the library reads no INT8.
  public init(
    _ bundle: WeightBundle, library: ManifestLibrary, options: ExportOptions, keepsInt8: Bool
  ) throws(WeightsError) {
    var options = options
    options.dequantizes = !keepsInt8
    let source = try FullPrecisionBundle(bundle)
    let planner = CheckpointPlanner(
      bundle: bundle, source: source, library: library, options: options)
    let plan = try inFile(bundle.path) { () throws(WeightsError) in
      let isOwnLayout =
        options.naming == Self.layoutNaming
        && (options.family ?? bundle.documents.family) == bundle.documents.family
      // A composite's layout names are a naming with a document of their own; parts have none.
      let isNaming = (try? library.naming(options.naming, of: bundle.documents.family)) != nil
      let plan =
        isOwnLayout && (keepsInt8 || !isNaming)
        ? try planner.layoutPlan(keepsInt8: keepsInt8) : try planner.plan()
      guard !keepsInt8 || plan.int8Count > 0 || source.quantized.isEmpty else {
        throw WeightsError(
          .exportInt8, .usage,
          "the naming \(plan.naming) of \(plan.family) has no INT8 tensors with scales; they can be "
            + "kept as layout names, or become floats")
      }
      return plan
    }
    self.bundle = bundle
    self.source = source
    self.plan = plan
    family = plan.family
    naming = plan.naming
    tensors = plan.tensors.map(\.info)
    config = plan.config
    metadata = plan.files.first?.metadata
    int8Count = plan.int8Count
    dequantizedCount = plan.dequantizedCount
    notes = plan.notes
  }

  static let layoutNaming = "layout"

  /// For each tensor, the place of an earlier one that the library keeps in the same memory, or its
  /// own place.
  public var tiedTo: [Int] {
    var places: [TensorName: Int] = [:]
    return plan.tensors.enumerated().map { index, tensor in
      places[tensor.info.name] = index
      return tensor.tiedTo.flatMap { places[$0] } ?? index
    }
  }

  /// The memory in which a tensor lies, if the bundle maps its file and stores the tensor as it is
  /// wanted; nil for others. It is unchecked: see ``load(_:into:threads:progress:)``.
  public func residentBytes(of index: Int) -> TensorBytes? {
    storedName(of: index).flatMap(bundle.residentBytes)
  }

  /// The tensor of the bundle whose bytes are those wanted.
  private func storedName(of index: Int) -> TensorName? {
    let tensor = plan.tensors[index]
    switch tensor.content {
    case .stored(let name): return name
    case .zeros: return nil
    case .transformed(let inputs, let transform, _), .moved(let inputs, let transform, _):
      guard inputs.count == 1, source.quantized[inputs[0]] == nil,
        let info = bundle.info(of: inputs[0]), info.dtype == tensor.info.dtype,
        transform == .identity(info.shape)
      else { return nil }
      return inputs[0]
    }
  }
}

extension CheckpointPlanner {
  /// The tensors under the names of the bundle, which is in layout names, whatever its family.
  ///
  /// - Parameter keepsInt8: leaves INT8 values and scales as they are stored.
  /// - Throws: `export.dtype`.
  fileprivate func layoutPlan(keepsInt8: Bool) throws(WeightsError) -> ExportPlan {
    var plan = ExportPlan(
      family: bundle.documents.family, naming: NamedWeights.layoutNaming, tensors: [], files: [],
      hasIndex: false)
    guard keepsInt8, !source.quantized.isEmpty else {
      for info in source.tensors where !info.name.string.hasPrefix(unusedPrefix) {
        let content = ExportTensor.Content.transformed(
          inputs: [info.name], transform: .identity(info.shape), output: 0)
        plan.tensors.append(
          try exported(
            ExportTensor(name: info.name, shape: info.shape, content: content), dtype: nil,
            dequantized: &plan.dequantizedCount))
      }
      return plan
    }
    guard options.dtype == nil else {
      throw WeightsError(
        .exportDType, .usage, "a type of floats was asked for, and INT8 is to be kept")
    }
    for tensor in bundle.bundleTensors where !tensor.name.string.hasPrefix(unusedPrefix) {
      plan.tensors.append(
        ExportPlan.Tensor(info: tensor.info, content: .stored(tensor.name), file: 0))
      if tensor.info.dtype == .i8 { plan.int8Count += 1 }
    }
    return plan
  }
}

/// Where the bytes of loaded tensors go.
public protocol TensorMemory: Sendable {
  /// Gives `body` a range of the memory of a tensor to write all of. Ranges that several threads
  /// ask for at the same time do not overlap.
  func withBytes(
    of tensor: Int, in range: Range<Int>,
    _ body: (inout MutableRawSpan) throws(WeightsError) -> Void
  ) throws(WeightsError)
}

extension NamedWeights {
  /// What is done with a tensor.
  public enum Request: Sendable {
    case passOver
    /// It is unpacked into memory.
    case fill
    /// It is checked where it is: ``residentBytes(of:)``.
    case checkInPlace
  }

  /// Loads tensors in their order, on several threads: every byte is checked on the way, and those
  /// that are stored as they are wanted are unpacked straight into `memory`.
  ///
  /// - Parameters:
  ///   - requests: one for each tensor.
  ///   - progress: called on this thread after each piece with how many tensors are complete, the
  ///     first ones, and how many bytes are done. What it throws ends the load.
  /// - Throws: the first error in the order of the bytes: what reading throws; `export.overflow`,
  ///   `remap.*`; `parallelism.no-threads`.
  /// - Precondition: there are as many requests as tensors, and only tensors with resident bytes
  ///   are to be checked in place.
  public func load(
    _ requests: [Request], into memory: some TensorMemory, threads: Int,
    progress: (_ complete: Int, _ doneByteCount: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    precondition(requests.count == tensors.count, "a request for each tensor")
    var pieces: [StoredBlock] = []
    for (index, request) in requests.enumerated() {
      if case .passOver = request { continue }
      let byteCount = tensors[index].byteCount
      // A tensor without bytes completes too.
      for start in stride(from: 0, through: max(0, byteCount - 1), by: Self.pieceByteCount) {
        let end = min(start + Self.pieceByteCount, byteCount)
        pieces.append(StoredBlock(tensor: index, range: start..<end, isLast: end == byteCount))
      }
    }
    let work = pieces
    let encoder = ExportEncoder(plan: plan, bundle: bundle, source: source)
    var done = 0
    try OrderedWork.run(
      items: work.count, threads: threads,
      makeScratch: { () throws(WeightsError) -> [UInt8] in [] },
      work: { (item, buffer) throws(WeightsError) in
        let piece = work[item]
        try inFile(bundle.path) { () throws(WeightsError) in
          if case .checkInPlace = requests[piece.tensor],
            let name = storedName(of: piece.tensor)
          {
            return try bundle.check(name, in: piece.range)
          }
          guard !piece.range.isEmpty else { return }
          try memory.withBytes(of: piece.tensor, in: piece.range) {
            (bytes) throws(WeightsError) in
            try encoder.fill(&bytes, from: piece.range.lowerBound, of: piece.tensor, &buffer)
          }
        }
      },
      consume: { (item, _) throws(WeightsError) in
        let piece = work[item]
        done += piece.range.count
        try progress(piece.isLast ? piece.tensor + 1 : piece.tensor, done)
      })
  }
}

extension WeightsError.Code {
  /// INT8 is to be kept, and the naming has no place for it.
  public static let exportInt8 = Self("export.int8")
}
