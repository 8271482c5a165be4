public import DVLADiagnostics
import DVLAFiles
public import DVLAModels
import DVLASafetensors
public import DVLATensors

/// Writes goldens from this runtime: the inputs of another golden, byte for byte, and what a model
/// computes from them as `f32.STAGE`. Rows of padding are written as zeros.
///
/// The same model, inputs and metadata give the same bytes.
public struct GoldenRecorder {
  /// What was written.
  public struct Recording: Sendable {
    public let path: String
    public let byteCount: Int
    /// In forward order.
    public let stages: [(name: String, shape: Shape)]
  }

  private let golden: Golden
  private let metadata: [(key: String, value: String)]
  private let pattern: DottedPattern?

  /// - Parameters:
  ///   - golden: whose inputs the model runs on.
  ///   - metadata: of the file to be written.
  ///   - pattern: which stages are kept; all where it is nil.
  public init(
    inputsOf golden: Golden, metadata: [(key: String, value: String)],
    stages pattern: DottedPattern?
  ) {
    self.golden = golden
    self.metadata = metadata
    self.pattern = pattern
  }

  /// Runs the model and writes the file, whole or not at all. A stage is in memory only while the
  /// model shows it: it goes to a temporary file beside the target, and from there behind the
  /// header, which needs all of their shapes.
  ///
  /// - Throws: `golden.empty` without inputs, or when no stage fits the pattern; `golden.stage`;
  ///   `golden.unfit` when the model refuses the inputs; what computing and writing throw.
  public func record(
    _ model: any Model, to path: String, overwrite: Bool
  ) throws(WeightsError) -> Recording {
    let (inputs, _) = try golden.modelInputs()
    let target = try AtomicOutputFile(path: path, overwrite: overwrite)
    let spool = try StageSpool(file: AtomicOutputFile(path: path, overwrite: true))
    defer { spool.file.discard() }
    let pattern = pattern
    let trace = StageTrace(
      wanted: { pattern?.matches(TensorName($0)) ?? true },
      observer: { (stage) throws(WeightsError) in try spool.add(stage) })
    do throws(WeightsError) { try model.run(inputs, trace: trace) } catch {
      throw error.asRefusal(of: golden)
    }
    guard !spool.stages.isEmpty else {
      throw WeightsError(
        .goldenEmpty, .usage, file: golden.path,
        "no stage of \(model.family) matches the pattern \((pattern?.text ?? "**").quoted)")
    }
    let byteCount = try write(spool, to: target)
    try golden.file.file.checkUnchanged()
    try target.commit()
    return Recording(
      path: path, byteCount: byteCount, stages: spool.stages.map { ($0.name, $0.info.shape) })
  }

  /// Header, inputs and stages, in the order of the library.
  private func write(_ spool: StageSpool, to target: AtomicOutputFile) throws(WeightsError) -> Int {
    let recorded = try SafetensorsLayout(
      tensors: golden.inputs.map(\.info) + spool.stages.map(\.info), metadata: metadata)
    try target.reserve(byteCount: recorded.byteCount)
    try target.write(unsafe recorded.headerBytes.span.bytes, at: 0)
    let spooled = try InputFile(path: spool.file.temporaryPath)
    var starts: [TensorName: Int] = [:]
    for stage in spool.stages { starts[stage.info.name] = stage.start }
    for entry in recorded.entries {
      let offset = recorded.dataStart + entry.range.lowerBound
      let (name, source) = (entry.info.name, golden.file)
      for block in (0..<entry.range.count).blocks {
        var bytes = [UInt8](repeating: 0, count: block.count)
        if let start = starts[name] {
          bytes = try spooled.bytes(at: start + block.lowerBound, count: block.count)
        } else {
          var span = bytes.mutableSpan
          // Bytes of an array of integers may have any value.
          var raw = unsafe span.mutableBytes
          try source.read(name, at: block.lowerBound, into: &raw)
        }
        try target.write(unsafe bytes.span.bytes, at: offset + block.lowerBound)
      }
    }
    return recorded.byteCount
  }
}

extension Golden {
  /// Runs a model on the inputs.
  ///
  /// - Throws: `golden.empty` without inputs; `golden.unfit` when the model refuses them; what
  ///   reading, computing and the trace throw.
  public func run(_ model: any Model, on trace: StageTrace) throws(WeightsError) {
    let (inputs, _) = try modelInputs()
    do throws(WeightsError) { try model.run(inputs, trace: trace) } catch {
      throw error.asRefusal(of: self)
    }
  }
}

extension WeightsError {
  /// What a model says of its inputs, as an error about the golden that they are from; any other
  /// error as it is.
  func asRefusal(of golden: Golden) -> WeightsError {
    guard code == .modelInput else { return self }
    var copy = inFile(golden.path)
    copy.kind = .malformed
    copy.tensor = tensor.map { "in." + $0 }
    return copy
  }
}

/// Stages on their way to a file whose header can be written only when all are known.
private final class StageSpool {
  let file: AtomicOutputFile
  /// In the order they were shown, with where each starts in the file.
  private(set) var stages: [(name: String, info: TensorInfo, start: Int)] = []
  private var end = 0

  init(file: AtomicOutputFile) { self.file = file }

  /// - Throws: `golden.stage` when the stage was shown before, has no elements, or holds a NaN or
  ///   an infinity; what writing throws.
  func add(_ stage: Stage) throws(WeightsError) {
    let name = TensorName("f32." + stage.name)
    guard !stages.contains(where: { $0.info.name == name }) else {
      throw WeightsError(.goldenStage, tensor: stage.name, "the model shows this stage twice")
    }
    guard stage.value.shape.elementCount > 0,
      let info = TensorInfo(name: name, dtype: .f32, shape: stage.value.shape)
    else {
      throw WeightsError(
        .goldenStage, tensor: stage.name, "has the shape \(stage.value.shape), expected elements")
    }
    // What is not written reads as zero, as rows of padding shall; the last element makes the file
    // as long as the stage.
    try file.reserve(byteCount: end + info.byteCount)
    try file.write(unsafe [UInt8](repeating: 0, count: 4).span.bytes, at: end + info.byteCount - 4)
    for run in stage.value.shape.runs(ofValidRows: stage.validRows) {
      if let position = run.first(where: { !stage.value.values[$0].isFinite }) {
        throw WeightsError(
          .goldenStage, tensor: stage.name,
          "element \(stage.value.shape.indices(ofElement: position)) is "
            + "\(stage.value.values[position]), expected a finite number")
      }
      let bytes = unsafe stage.value.values.span.bytes.extracting(
        run.lowerBound * 4..<run.upperBound * 4)
      try file.write(bytes, at: end + run.lowerBound * 4)
    }
    stages.append((stage.name, info, end))
    end += info.byteCount
  }
}
