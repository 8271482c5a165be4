import DVLAKernels
import Foundation
import Testing

@Suite struct ActivationTests {
  /// Half a unit is the rounding to float32.
  private static let tolerance = 0.503

  @Test(arguments: InstructionSet.available, Activation.allCases)
  func equalsTheExactFunctionRoundedOnce(set: InstructionSet, activation: Activation) throws {
    let fixture = try Fixture("rows")
    let x = try fixture.floats("activation.x")
    let plain = changed(x) { activation.apply(to: &$0, using: set) }
    let expected = try fixture.doubles("activation.\(activation.rawValue)")
    #expect(worstUlps(plain, expected) <= Self.tolerance)

    let up = try fixture.floats("activation.up")
    let gated = changed(x) { activation.apply(to: &$0, multiplying: up.span, using: set) }
    let products = try fixture.doubles("activation.\(activation.rawValue).gated")
    let finite = products.indices.filter { Float(products[$0]).isFinite }
    #expect(
      worstUlps(finite.map { gated[$0] }, finite.map { products[$0] }) <= Self.tolerance)
    #expect(products.indices.allSatisfy { finite.contains($0) || gated[$0].isInfinite })
  }

  /// Every 32,771st float32, and 64,000 from -16 to 16.
  @Test(arguments: InstructionSet.available, Activation.allCases)
  func equalsTheSystemsMathematicsEverywhere(set: InstructionSet, activation: Activation) {
    let everySize = stride(from: UInt32(0), to: .max - 32_771, by: 32_771)
      .map(Float.init(bitPattern:)).filter(\.isFinite)
    let x = everySize + (-32_000...32_000).map { Float($0) / 2000 }
    let found = changed(x) { activation.apply(to: &$0, using: set) }
    let exact = x.map { Self.value(of: activation, Double($0)) }
    #expect(worstUlps(found, exact) <= Self.tolerance)
  }

  @Test(arguments: InstructionSet.available)
  func fallsToZeroWithoutASignOfItsOwn(set: InstructionSet) {
    // Past the smallest subnormal a result is a zero, and never positive.
    let x = stride(from: Float(-120), to: -8, by: 0.03125).map { $0 }
    for activation in [Activation.geluErf, .geluTanh, .silu] {
      let found = changed(x) { activation.apply(to: &$0, using: set) }
      #expect(found.allSatisfy { $0.sign == .minus })
      #expect(zip(found, found.dropFirst()).allSatisfy { $0 >= $1 })
    }
  }

  @Test(arguments: InstructionSet.available, Activation.allCases)
  func infinitiesGiveLimitsAndNaNsGiveNaN(set: InstructionSet, activation: Activation) {
    let x: [Float] = [.infinity, -.infinity, .nan, -.nan, Float(bitPattern: 0x7F80_0001), 1]
    let found = changed(x) { activation.apply(to: &$0, using: set) }
    #expect(found[0] == (activation == .sigmoid ? 1 : .infinity))
    #expect(found[1] == 0)
    #expect(found[2].isNaN && found[3].isNaN && found[4].isNaN)
    #expect(found[5].isFinite)
    let up: [Float] = [.nan, 2]
    let gated = changed([1, -.infinity]) {
      activation.apply(to: &$0, multiplying: up.span, using: set)
    }
    #expect(gated[0].isNaN && gated[1] == 0)
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func givesThePortableBitsForAnyCountAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 11)
    for count in awkwardCounts {
      let x = random.floats(count)
      let up = random.floats(count)
      for activation in Activation.allCases {
        let expected = changed(x) { activation.apply(to: &$0, using: .portable) }
        let found = changed(x, shift: shift) { activation.apply(to: &$0, using: set) }
        #expect(bits(found) == bits(expected))
        let gated = changed(x) { activation.apply(to: &$0, multiplying: up.span, using: .portable) }
        let alike = changed(x, shift: shift) {
          activation.apply(to: &$0, multiplying: up.span, using: set)
        }
        #expect(bits(alike) == bits(gated))
      }
    }
  }

  private static func value(of activation: Activation, _ x: Double) -> Double {
    switch activation {
    case .geluErf: return 0.5 * x * erfc(-x * 0.5.squareRoot())
    case .geluTanh:
      let u = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
      // tanh itself where it is not close to -1, whose difference from 1 would be lost.
      return u > -0.5 ? 0.5 * x * (1 + tanh(u)) : x / (1 + exp(-2 * u))
    case .silu: return x / (1 + exp(-x))
    case .relu: return max(x, 0)
    case .sigmoid: return 1 / (1 + exp(-x))
    }
  }
}
