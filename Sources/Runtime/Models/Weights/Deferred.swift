import DVLADiagnostics
import DVLAParallelism

/// A part of a model, which may still be loading when the forward starts.
struct Deferred<Part: Sendable>: Sendable {
  private enum State: Sendable {
    case loaded(Part)
    case queued(QueuedTask<Part>)
  }

  private let state: State

  init(_ part: Part) { state = .loaded(part) }
  init(_ task: QueuedTask<Part>) { state = .queued(task) }

  /// The part, once it is loaded.
  ///
  /// - Throws: what loading it threw.
  func callAsFunction() throws(WeightsError) -> Part {
    switch state {
    case .loaded(let part): part
    case .queued(let task): try task.value()
    }
  }
}

extension WeightScope {
  /// Builds a part of a model from these weights: at once, or in the background if the model is
  /// loaded while it runs.
  ///
  /// - Throws: what building throws, when it is done at once.
  func deferred<Part: Sendable>(
    _ build: @escaping @Sendable (WeightScope) throws(WeightsError) -> Part
  ) throws(WeightsError) -> Deferred<Part> {
    guard let queue else { return Deferred(try build(self)) }
    let scope = inBackground
    return Deferred(queue.add { () throws(WeightsError) in try build(scope) })
  }
}
