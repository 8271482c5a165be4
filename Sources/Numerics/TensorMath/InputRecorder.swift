public import DVLATensors
import Synchronization

/// Sums the squares of what the linear layers of a model are given, column by column: the diagonal
/// of the second moment of their inputs.
public final class InputRecorder: Sendable {
  private struct State {
    var isRecording = false
    var sums: [TensorName: (squares: [Double], tokens: Int)] = [:]
  }

  private let state = Mutex(State())

  /// A recorder that does not record yet.
  public init() {}

  /// Starts or ends recording.
  public func record(_ isRecording: Bool) { state.withLock { $0.isRecording = isRecording } }

  /// By the name of the weights: the mean square of each input, over all tokens so far.
  public var meanSquares: [TensorName: [Double]] {
    state.withLock { state in
      state.sums.mapValues { sum in sum.squares.map { $0 / Double(max(1, sum.tokens)) } }
    }
  }

  /// - Parameter x: tokens with that many columns, row by row.
  func add(_ x: [Float], columns: Int, of name: TensorName) {
    state.withLock { state in
      guard state.isRecording, columns > 0 else { return }
      var sum = state.sums[name] ?? ([Double](repeating: 0, count: columns), 0)
      state.sums[name] = nil
      for start in stride(from: 0, to: x.count, by: columns) {
        for column in 0..<columns {
          let value = Double(x[start + column])
          sum.squares[column] += value * value
        }
      }
      sum.tokens += x.count / columns
      state.sums[name] = sum
    }
  }
}
