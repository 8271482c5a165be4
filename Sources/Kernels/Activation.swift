import Glibc

/// The functions that models put between their layers.
public enum Activation: String, Sendable, CaseIterable {
  /// x Phi(x), Phi being the normal distribution function: 0.5 x (1 + erf(x / sqrt 2)).
  case geluErf
  /// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
  case geluTanh
  /// x / (1 + exp(-x)).
  case silu
  /// max(x, 0).
  case relu
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// x[i] = f(x[i]).
  public func apply(to x: inout MutableSpan<Float>, using set: InstructionSet = .best) {
    for index in x.indices { x[index] = Float(value(Double(x[index]))) }
  }

  /// x[i] = f(x[i]) up[i], as gated feed-forward layers have it (GeGLU, SwiGLU), rounded once.
  ///
  /// - Precondition: `up` has as many elements.
  public func apply(
    to x: inout MutableSpan<Float>, multiplying up: Span<Float>, using set: InstructionSet = .best
  ) {
    precondition(x.count == up.count)
    for index in x.indices { x[index] = Float(value(Double(x[index])) * Double(up[index])) }
  }

  private func value(_ x: Double) -> Double {
    switch self {
    case .geluErf: 0.5 * x * erfc(-x * 0.5.squareRoot())
    case .geluTanh: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .silu: x / (1 + exp(-x))
    case .relu: x <= 0 ? 0 : x
    case .sigmoid: 1 / (1 + exp(-x))
    }
  }
}
