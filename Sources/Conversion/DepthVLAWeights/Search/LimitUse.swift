import DVLAGates
import Glibc

extension BudgetLimit {
  /// How much of the limit a value uses: 1 at the bound, and in proportion to the size of the
  /// errors elsewhere.
  ///
  /// An error e of which a measure is a multiple uses value / bound. A share of good pixels, and a
  /// cosine, are measured from 1: (1 - value) / (1 - bound), for the cosine its root, since it
  /// falls with the square of an error. An SQNR in dB uses 10^((bound - value) / 20).
  func use(_ value: Double) -> Double {
    switch measure {
    case .stageSQNR, .weightSQNR: pow(10, (bound - value) / 20)
    case .depthDelta: Self.ratio(1 - value, 1 - bound)
    case .stageCosine: Self.ratio(1 - value, 1 - bound).squareRoot()
    default: Self.ratio(value, bound)
    }
  }

  /// Where nothing is allowed any error is far too much, but a number.
  private static func ratio(_ value: Double, _ bound: Double) -> Double {
    guard value > 0 else { return 0 }
    return bound > 0 ? value / bound : 1e6
  }
}
