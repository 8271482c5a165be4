internal import DVLACKernels

/// The functions that models put between their layers.
///
/// Computed in float64 to within 2e-10 of the value and rounded to float32 once, down to the
/// smallest subnormal. A NaN gives a NaN, and an infinity what the function tends to.
public enum Activation: String, Sendable, CaseIterable {
  /// x Phi(x), Phi being the normal distribution function: x (1 + erf(x / sqrt 2)) / 2.
  ///
  /// Source: Hendrycks and Gimpel 2016, section 2; `torch.nn.functional.gelu`.
  case geluErf
  /// x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
  ///
  /// Source: the same; `gelu(approximate="tanh")`, transformers' `gelu_pytorch_tanh`.
  case geluTanh
  /// x / (1 + exp(-x)).
  case silu
  /// max(x, 0).
  case relu
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// x[i] = f(x[i]).
  public func apply(to x: inout MutableSpan<Float>, using set: InstructionSet = .best) {
    let kernel = unsafe kernel(of: set)
    let count = x.count
    unsafe x.withElements { unsafe kernel($0, nil, count) }
  }

  /// x[i] = f(x[i]) up[i], as gated feed-forward layers have it (GeGLU, SwiGLU), rounded once.
  ///
  /// - Precondition: `up` has as many elements.
  public func apply(
    to x: inout MutableSpan<Float>, multiplying up: Span<Float>, using set: InstructionSet = .best
  ) {
    precondition(up.count == x.count, "a factor for each element")
    let kernel = unsafe kernel(of: set)
    let count = x.count
    unsafe x.withElements(up) { unsafe kernel($0, $1, count) }
  }

  private func kernel(
    of set: InstructionSet
  ) -> @convention(c) (UnsafeMutableRawPointer, UnsafeRawPointer?, Int) -> Void {
    let kernels = set.kernels
    return switch self {
    case .geluErf: unsafe kernels.gelu_erf
    case .geluTanh: unsafe kernels.gelu_tanh
    case .silu: unsafe kernels.silu
    case .relu: unsafe kernels.relu
    case .sigmoid: unsafe kernels.sigmoid
    }
  }
}
