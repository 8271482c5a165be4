import DVLADiagnostics
import DVLAModels

/// A model whose forward pass ends when it has shown a stage, so that many can be run.
struct ShortenedModel: Model {
  let model: any Model
  /// Nil for the whole pass.
  let last: String?

  var family: String { model.family }
  var inputs: [InputDescription] { model.inputs }

  func run(_ inputs: ModelInputs, trace: StageTrace) throws(WeightsError) {
    let shortened = StageTrace(wanted: trace.wants) { stage throws(WeightsError) in
      try trace.record(stage.name, stage.value, validRows: stage.validRows)
      if stage.name == last { throw WeightsError(.end, "seen") }
    }
    do throws(WeightsError) { try model.run(inputs, trace: shortened) } catch {
      if error.code != .end { throw error }
    }
  }
}

extension WeightsError.Code {
  fileprivate static let end = Self("test.end")
}
