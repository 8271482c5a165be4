import DVLAKernels
public import DVLATensors
import Glibc

/// Rotary position embedding over pairs of channels i and i + headDim / 2.
///
/// a' = a cos - b sin, b' = b cos + a sin, with the angle position / θ^(2i / headDim).
///
/// Source: Su et al., arXiv 2104.09864; the pairing is that of transformers
/// `models/gemma/modeling_gemma.py`, `rotate_half`.
public struct RotaryEmbedding: Sendable {
  private let headDim: Int
  /// [tokens, headDim / 2] each.
  private let cosines: [Float]
  private let sines: [Float]

  /// - Parameter positions: one for each token. The angles are computed in double precision.
  public init(positions: [Int], headDim: Int, theta: Double) {
    precondition(headDim.isMultiple(of: 2), "channels come in pairs")
    self.headDim = headDim
    let frequencies = (0..<headDim / 2).map { pow(theta, -2 * Double($0) / Double(headDim)) }
    var cosines: [Float] = []
    var sines: [Float] = []
    cosines.reserveCapacity(positions.count * frequencies.count)
    sines.reserveCapacity(positions.count * frequencies.count)
    for position in positions {
      for frequency in frequencies {
        let angle = Double(position) * frequency
        cosines.append(Float(cos(angle)))
        sines.append(Float(sin(angle)))
      }
    }
    self.cosines = cosines
    self.sines = sines
  }

  /// Rotates every head of x [B, S, heads * headDim], whose B S tokens have the positions of
  /// ``init(positions:headDim:theta:)``.
  public func rotate(_ x: inout Tensor, on compute: Compute) {
    let width = x.shape[x.shape.rank - 1]
    let half = headDim / 2
    guard half > 0, width > 0 else { return }
    let tokens = x.shape.elementCount / width
    precondition(tokens * half == cosines.count, "a position for each token")
    compute.forEachBlock(
      ofRows: tokens, columns: width, in: &x.values, blockRows: Compute.blockRows(columns: width)
    ) { rows, target in
      for (index, token) in rows.enumerated() {
        var row = target._mutatingExtracting(index * width..<(index + 1) * width)
        RowKernel.rotate(
          &row, headDim: headDim, cos: cosines.span.extracting(token * half..<(token + 1) * half),
          sin: sines.span.extracting(token * half..<(token + 1) * half))
      }
    }
  }
}
