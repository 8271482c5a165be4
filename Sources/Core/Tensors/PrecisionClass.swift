/// How much precision the weights lost since the golden was recorded; it selects the tolerances.
public enum PrecisionClass: String, Sendable, CaseIterable {
  /// Nothing, in any type that they are stored in.
  case f32
  /// What rounding to bfloat16, or to half precision, costs.
  case bf16
  /// What quantizing matrices to 8 bits costs.
  case int8
}
