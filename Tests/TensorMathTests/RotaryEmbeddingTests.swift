import DVLATensorMath
import DVLATensors
import Glibc
import Testing

struct RotaryEmbeddingTests {
  @Test(arguments: [(2, 3, 10000.0), (6, 8, 10000.0), (64, 2, 500.0)])
  func pairsAreTurnedByTheirAngles(headDim: Int, heads: Int, theta: Double) {
    let positions = [0, 1, 2, 2, 511, 8191]
    var random = RandomNumbers(seed: 21)
    let x = random.reals([2, 3, heads * headDim])
    var turned = x
    RotaryEmbedding(positions: positions, headDim: headDim, theta: theta)
      .rotate(&turned, on: Compute(threads: 2))
    let half = headDim / 2
    for (token, position) in positions.enumerated() {
      for head in 0..<heads {
        let start = (token * heads + head) * headDim
        for pair in 0..<half {
          let angle = Double(position) / pow(theta, 2 * Double(pair) / Double(headDim))
          let (a, b) = (Double(x.values[start + pair]), Double(x.values[start + half + pair]))
          let (first, second) = (turned.values[start + pair], turned.values[start + half + pair])
          // Sine, cosine, two products and a sum, each rounded at half of 2^-23.
          #expect((Double(first) - (a * cos(angle) - b * sin(angle))).magnitude < 4e-7)
          #expect((Double(second) - (b * cos(angle) + a * sin(angle))).magnitude < 4e-7)
        }
      }
    }
  }

  @Test func positionZeroTurnsNothing() {
    var random = RandomNumbers(seed: 22)
    let x = random.reals([1, 4, 12])
    var turned = x
    RotaryEmbedding(positions: [0, 0, 0, 0], headDim: 6, theta: 10000)
      .rotate(&turned, on: Compute(threads: 3))
    #expect(turned == x)
  }
}
