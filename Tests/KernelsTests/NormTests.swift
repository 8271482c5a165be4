import DVLAKernels
import Testing

@Suite struct NormTests {
  /// Half a unit is the rounding to float32; the rest is what float64 sums lose to cancellation.
  private static let tolerance = 0.5001

  @Test(arguments: InstructionSet.available, [5, 37, 64, 384])
  func equalsTheExactNormsRoundedOnce(set: InstructionSet, columns: Int) throws {
    let its = try Case(columns)
    #expect(worstUlps(its.layerNorm(set), its.expectedLayerNorm) <= Self.tolerance)
    #expect(worstUlps(its.rmsNorm(set), its.expectedRMSNorm) <= Self.tolerance)
  }

  @Test(arguments: InstructionSet.available)
  func aRowOfEqualNumbersIsTheBias(set: InstructionSet) {
    let x = [Float](repeating: 0.1, count: 3 * 19)
    let bias = (0..<19).map { Float($0) / 7 }
    let found = made(count: x.count) {
      RowKernel.layerNorm(
        x.span, columns: 19, weight: [Float](repeating: 1e20, count: 19).span, bias: bias.span,
        epsilon: 1e-6, into: &$0, using: set)
    }
    // Their float64 sum is exact, and so is their mean.
    #expect(found == bias + bias + bias)
  }

  @Test(arguments: InstructionSet.available)
  func aNaNStaysInItsRow(set: InstructionSet) {
    var x = [Float](repeating: 1, count: 3 * 20)
    x[5] = 2
    x[25] = .nan
    x[45] = 2
    let weight = [Float](repeating: 1, count: 20)
    let layer = made(count: 60) {
      RowKernel.layerNorm(
        x.span, columns: 20, weight: weight.span, bias: weight.span, epsilon: 1e-6, into: &$0,
        using: set)
    }
    let rms = made(count: 60) {
      RowKernel.rmsNorm(
        x.span, columns: 20, weight: weight.span, epsilon: 1e-6, into: &$0, using: set)
    }
    for found in [layer, rms] {
      #expect(found[20..<40].allSatisfy { $0.isNaN })
      #expect((found[..<20] + found[40...]).allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: InstructionSet.available, [0, 1, 3])
  func givesThePortableBitsForAnyShapeAndStart(set: InstructionSet, shift: Int) {
    var random = RandomBytes(seed: 12)
    for columns in awkwardCounts {
      for rows in [0, 1, 3] {
        let its = Case(columns, rows: rows, &random)
        #expect(bits(its.layerNorm(set, shift: shift)) == bits(its.layerNorm(.portable)))
        #expect(bits(its.rmsNorm(set, shift: shift)) == bits(its.rmsNorm(.portable)))
      }
    }
  }

  private struct Case {
    var columns: Int
    var x, weight, bias: [Float]
    var expectedLayerNorm: [Double] = []
    var expectedRMSNorm: [Double] = []

    init(_ columns: Int) throws {
      let fixture = try Fixture("rows")
      self.columns = columns
      x = try fixture.floats("norm.\(columns).x")
      weight = try fixture.floats("norm.\(columns).weight")
      bias = try fixture.floats("norm.\(columns).bias")
      expectedLayerNorm = try fixture.doubles("norm.\(columns).layerNorm")
      expectedRMSNorm = try fixture.doubles("norm.\(columns).rmsNorm")
    }

    init(_ columns: Int, rows: Int, _ random: inout RandomBytes) {
      self.columns = columns
      x = random.floats(rows * columns)
      weight = random.floats(columns)
      bias = random.floats(columns)
    }

    func layerNorm(_ set: InstructionSet, shift: Int = 0) -> [Float] {
      made(count: x.count, shift: shift) {
        RowKernel.layerNorm(
          x.span, columns: columns, weight: weight.span, bias: bias.span, epsilon: 1e-6, into: &$0,
          using: set)
      }
    }

    func rmsNorm(_ set: InstructionSet, shift: Int = 0) -> [Float] {
      made(count: x.count, shift: shift) {
        RowKernel.rmsNorm(
          x.span, columns: columns, weight: weight.span, epsilon: 1e-6, into: &$0, using: set)
      }
    }
  }
}
