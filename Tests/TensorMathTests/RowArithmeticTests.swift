import DVLAKernels
import DVLATensorMath
import DVLATensors
import Glibc
import Testing

/// Norms, sums and activations over whole tensors; what they do to a row, the kernels' tests say.
struct RowArithmeticTests {
  /// More rows than one piece of work holds.
  static let shape: Shape = [3, 301, 37]

  static func random(_ seed: UInt64, _ shape: Shape = shape) -> Tensor {
    var random = RandomNumbers(seed: seed)
    return random.reals(shape)
  }

  func expect(_ found: Tensor, _ value: (_ row: Int, _ column: Int) -> Double) {
    let columns = Self.shape[2]
    let worst = found.values.enumerated().map { index, found in
      let exact = value(index / columns, index % columns)
      return (Double(found) - exact).magnitude / max(1, exact.magnitude)
    }.max()
    #expect((worst ?? .infinity) < 3e-7, "\(worst ?? .nan)")
  }

  func row(_ x: Tensor, _ row: Int) -> [Double] {
    x.values[row * Self.shape[2]..<(row + 1) * Self.shape[2]].map(Double.init)
  }

  @Test func layerNormIsTheFormulaInEveryRow() {
    let x = Self.random(31)
    let (weight, bias) = (Self.random(32, [37]).values, Self.random(33, [37]).values)
    let norm = LayerNorm(weight: weight, bias: bias, epsilon: 1e-6)
    let found = norm(x, on: Compute(threads: 3))
    #expect(found.shape == x.shape && norm(x, on: Compute(threads: 1)) == found)
    let rows = (0..<903).map { number in
      let values = row(x, number)
      let mean = values.reduce(0, +) / 37
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 37
      return values.map { ($0 - mean) / (variance + 1e-6).squareRoot() }
    }
    expect(found) { rows[$0][$1] * Double(weight[$1]) + Double(bias[$1]) }
  }

  @Test func rmsNormAddsOneToItsWeight() {
    let x = Self.random(34)
    let weight = Self.random(35, [37]).values
    let found = RMSNorm(weight: weight, epsilon: 1e-6)(x, on: Compute(threads: 3))
    let rows = (0..<903).map { number in
      let values = row(x, number)
      let square = values.reduce(0) { $0 + $1 * $1 } / 37
      return values.map { $0 / (square + 1e-6).squareRoot() }
    }
    expect(found) { rows[$0][$1] * (1 + Double(weight[$1])) }
  }

  @Test func sumsReachEveryElement() {
    let (x, other) = (Self.random(36), Self.random(37))
    let scale = Self.random(38, [37]).values
    let table = Self.random(39, [301, 37])
    let compute = Compute(threads: 3)
    func at(_ tensor: Tensor, _ row: Int, _ column: Int) -> Double {
      Double(tensor.values[row * 37 + column])
    }
    var sum = x
    sum.add(other, on: compute)
    expect(sum) { at(x, $0, $1) + at(other, $0, $1) }
    sum = x
    sum.add(other, scaledBy: scale, on: compute)
    expect(sum) { at(x, $0, $1) + at(other, $0, $1) * Double(scale[$1]) }
    sum = x
    sum.addToEach(table, on: compute)
    expect(sum) { at(x, $0, $1) + at(table, $0 % 301, $1) }
    sum = x
    sum.multiply(by: 20, on: compute)
    expect(sum) { at(x, $0, $1) * 20 }
  }

  @Test func activationsReachEveryElement() {
    let (x, other) = (Self.random(40), Self.random(41))
    func silu(_ x: Float) -> Double { Double(x) / (1 + exp(-Double(x))) }
    var gated = x
    gated.apply(.silu, on: Compute(threads: 3))
    expect(gated) { silu(x.values[$0 * 37 + $1]) }
    gated = x
    gated.apply(.silu, multiplyingBy: other, on: Compute(threads: 3))
    expect(gated) { silu(x.values[$0 * 37 + $1]) * Double(other.values[$0 * 37 + $1]) }
  }
}
