import DVLATensors

/// The states of tokens before the layers of a stack, kept in one run so that another with other
/// weights in some layers begins at the first of these.
struct LayerMemory: Sendable {
  /// Whether this run keeps its states.
  var isKeeping = false
  /// By layer: the tokens that come to it; by the number of layers: those that leave the last.
  private(set) var states: [Int: Tensor] = [:]
  /// What the stack gives, where it is tokens.
  private var result: Tensor?
  /// Where this run has to begin at the latest.
  var start = Start.whole

  enum Start: Sendable, Hashable {
    /// At the inputs.
    case whole
    /// At that layer; the number of layers stands for what follows the last.
    case at(Int)
    /// Nothing is computed again.
    case unchanged
  }

  /// The layer to begin at, with the tokens that come to it: the last whose tokens are known. Nil
  /// where the run begins at the inputs.
  var resumption: (Int, Tensor)? {
    guard case .at(let layer) = start,
      let first = states.keys.filter({ $0 <= layer }).max(), let state = states[first]
    else { return nil }
    return (first, state)
  }

  /// The result where nothing is computed again.
  var unchangedResult: Tensor? { start == .unchanged ? result : nil }

  mutating func keep(_ state: Tensor, before layer: Int) {
    if isKeeping { states[layer] = state }
  }

  mutating func keep(result: Tensor) {
    if isKeeping { self.result = result }
  }

  /// Bytes of the states.
  var byteCount: Int { states.values.reduce(0) { $0 + $1.values.count * 4 } }

  /// Keeps the states of each layer whose number that divides, and drops the others.
  mutating func thin(to stride: Int) {
    states = states.filter { $0.key.isMultiple(of: stride) }
  }
}
