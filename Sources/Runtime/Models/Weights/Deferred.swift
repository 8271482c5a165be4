import DVLADiagnostics
import DVLAParallelism

/// A part of a model, which may still be loading when the forward starts, or be loaded for each
/// forward anew.
struct Deferred<Part: Sendable>: Sendable {
  private enum State: Sendable {
    case loaded(Part)
    case queued(QueuedTask<Part>)
    case absent(@Sendable () throws(WeightsError) -> Part)
  }

  private let state: State

  init(_ part: Part) { state = .loaded(part) }
  init(_ task: QueuedTask<Part>) { state = .queued(task) }
  init(loadedByEachUse load: @escaping @Sendable () throws(WeightsError) -> Part) {
    state = .absent(load)
  }

  /// The part, once it is loaded.
  ///
  /// - Throws: what loading it throws.
  func callAsFunction() throws(WeightsError) -> Part {
    switch state {
    case .loaded(let part): part
    case .queued(let task): try task.value()
    case .absent(let load): try load()
    }
  }
}

extension WeightScope {
  /// Builds a part of a model from these weights: at once, in the background if the model is loaded
  /// while it runs, or whenever it is used if it is not to stay in memory.
  ///
  /// - Throws: what building throws, when it is done at once.
  func deferred<Part: Sendable>(
    _ build: @escaping @Sendable (WeightScope) throws(WeightsError) -> Part
  ) throws(WeightsError) -> Deferred<Part> {
    switch layers {
    case .first: return Deferred(try build(self))
    case .streaming(let queue):
      let scope = inBackground
      return Deferred(queue.add { () throws(WeightsError) in try build(scope) })
    case .eachUse:
      return Deferred(loadedByEachUse: { () throws(WeightsError) in try build(self) })
    }
  }
}
