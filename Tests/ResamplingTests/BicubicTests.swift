import DVLAResampling
import DVLATensors
import DVLATestSupport
import Testing

@Suite struct BicubicTests {
  @Test(arguments: 0..<14)
  func equalsTorchWithoutAntialiasing(number: Int) throws {
    try check("bicubic.\(number)", Resampling.bicubic)
  }

  @Test(arguments: 0..<14)
  func equalsTorchWithAntialiasing(number: Int) throws {
    try check("bicubic-antialiased.\(number)", Resampling.bicubicAntialiased)
  }

  @Test func takesTheScaleFactorAsItIsGiven() {
    let row = Tensor([0, 1, 4, 9], shape: [1, 1, 4])
    let bySize = Resampling.bicubic(row, to: (1, 4))
    let byScale = Resampling.bicubic(row, to: (1, 4), scale: (1, 1.2))
    #expect(bySize == row)
    #expect(byScale != row)
  }

  private func check(
    _ name: String,
    _ resample: (
      Tensor, (height: Int, width: Int), (height: Double, width: Double)?
    ) -> Tensor
  ) throws {
    let golden = try GoldenFile("goldens/resampling.safetensors")
    let shape = try golden.shape(name + ".out")
    var scale: (height: Double, width: Double)?
    if golden.contains(name + ".scale") {
      let factors = try golden.doubles(name + ".scale")
      scale = (factors[0], factors[1])
    }
    let result = resample(try golden.tensor(name + ".in"), (shape[1], shape[2]), scale)
    #expect(result.shape == Shape(shape))
    for (ours, theirs) in zip(result.values, try golden.doubles(name + ".out")) {
      // Half a unit in the last place, and what double precision itself may be off.
      #expect(abs(Double(ours) - theirs) <= Double(Float(theirs).ulp) * 0.5 + 4e-15)
    }
  }
}
