import DVLATensorMath
import DVLATensors

/// Attention of every token to every token, with projections in and out: SigLIP's and DINOv2's.
struct SelfAttention: Sendable {
  let query: Linear
  let key: Linear
  let value: Linear
  let output: Linear
  let attention: Attention

  /// [B, S, D] -> [B, S, D].
  func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    let mixed = attention(
      query: query(x, on: compute), key: key(x, on: compute), value: value(x, on: compute),
      on: compute)
    return output(mixed, on: compute)
  }
}
