import DVLADiagnostics
import DVLAFiles
import DVLAModels
import DVLATensors

/// Stages on their way to a file whose header can be written only when all are known.
final class StageSpool {
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
