import DVLAMatrixProducts
public import DVLATensors
import Synchronization

/// Sums the products of what the linear layers of a model are given: the second moment of their
/// inputs, in blocks along its diagonal.
public final class InputRecorder: Sendable {
  private struct Sums {
    let columns: Int
    var tokens = 0
    /// By block, its sums, row-major.
    var products: [[Float]]
  }

  private struct State {
    var isRecording = false
    var sums: [TensorName: Sums] = [:]
  }

  private let state = Mutex(State())
  private let blockColumns: Int
  private let isWanted: @Sendable (TensorName) -> Bool

  /// A recorder that does not record yet.
  ///
  /// - Parameters:
  ///   - blockColumns: inputs of a block, at least 1.
  ///   - isWanted: whose inputs are recorded, by the name of the weights.
  public init(
    blockColumns: Int, of isWanted: @escaping @Sendable (TensorName) -> Bool = { _ in true }
  ) {
    self.blockColumns = blockColumns
    self.isWanted = isWanted
  }

  /// Starts or ends recording.
  public func record(_ isRecording: Bool) { state.withLock { $0.isRecording = isRecording } }

  /// By the name of the weights: the means of x_j x_k over all tokens so far, for the inputs j and
  /// k of each block, one block behind the other, row-major.
  public var moments: [TensorName: [Float]] {
    state.withLock { state in
      state.sums.mapValues { sums in
        let factor = 1 / Float(max(1, sums.tokens))
        return sums.products.flatMap { $0.map { $0 * factor } }
      }
    }
  }

  /// - Parameter x: tokens with that many columns, row by row.
  func add(_ x: [Float], columns: Int, of name: TensorName) {
    state.withLock { state in
      guard state.isRecording, isWanted(name), columns > 0, !x.isEmpty else { return }
      let ranges = stride(from: 0, to: columns, by: blockColumns).map {
        $0..<min($0 + blockColumns, columns)
      }
      // Out of the dictionary, so that the sums are changed where they are.
      var sums =
        state.sums.removeValue(forKey: name)
        ?? Sums(
          columns: columns,
          products: ranges.map { [Float](repeating: 0, count: $0.count * $0.count) })
      let tokens = x.count / columns
      for (block, range) in ranges.enumerated() {
        Self.add(x, columns: columns, tokens: tokens, range, to: &sums.products[block])
      }
      sums.tokens += tokens
      state.sums[name] = sums
    }
  }

  private static func add(
    _ x: [Float], columns: Int, tokens: Int, _ range: Range<Int>, to sums: inout [Float]
  ) {
    var transposed = [Float](repeating: 0, count: tokens * range.count)
    for token in 0..<tokens {
      for (place, column) in range.enumerated() {
        transposed[place * tokens + token] = x[token * columns + column]
      }
    }
    var result = sums.mutableSpan
    MatrixProduct.timesTransposed(
      transposed.span, stride: tokens, transposed.span, stride: tokens, m: range.count,
      n: range.count, k: tokens, into: &result, stride: range.count, accumulating: true)
  }
}
