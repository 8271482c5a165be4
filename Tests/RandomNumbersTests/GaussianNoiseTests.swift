import DVLAHashing
import DVLAJSON
import DVLARandomNumbers
import DVLATensors
import DVLATestSupport
import Testing

/// The numbers are Python's, of the same definition: `Fixtures/generate/noise.py`.
struct GaussianNoiseTests {
  let expected: JSONObjectReader

  init() throws {
    expected = try JSONReader(
      StrictJSON.parse(FixtureFolder.bytes("statistics/noise.json"))
    ).object()
  }

  @Test func theFirstValuesArePythons() throws {
    let seeds = try expected.required("first").object().members
    #expect(seeds.map(\.key) == ["0", "1", "42", "18446744073709551615"])
    for (seed, values) in seeds {
      let noise = GaussianNoise(seed: try #require(UInt64(seed)))
      let values = try values.array().map { Float(try $0.number()) }
      #expect(noise.tensor([values.count]).values == values, "seed \(seed)")
      #expect(noise[5] == values[5], "any value without the ones before")
    }
  }

  @Test func manyValuesArePythonsToTheBit() throws {
    let many = try expected.required("many").object()
    let values = try manyValues(many)
    var bytes: [UInt8] = []
    for value in values {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
      }
    }
    let digest = unsafe SHA256.hash(bytes.span.bytes)
    #expect(digest.description == (try many.required("sha256").string()))
  }

  @Test func momentsAreThoseOfTheNormalDistribution() throws {
    let many = try expected.required("many").object()
    let values = try manyValues(many).map(Double.init)
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    func central(_ power: Int) -> Double {
      var sum = 0.0
      for value in values {
        var product = 1.0
        for _ in 0..<power { product *= value - mean }
        sum += product
      }
      return sum / count
    }
    let variance = central(2)
    let found = [
      "mean": mean, "variance": variance,
      "skewness": central(3) / (variance * variance.squareRoot()),
      "kurtosis": central(4) / (variance * variance),
    ]
    // Four standard errors of each moment of a normal sample.
    let limits = ["mean": (0, 1), "variance": (1, 2), "skewness": (0, 6), "kurtosis": (3, 24)]
      .mapValues { (centre: Double($0.0), error: 4 * (Double($0.1) / count).squareRoot()) }
    for (name, limit) in limits {
      let value = try #require(found[name])
      #expect((value - limit.centre).magnitude < limit.error, "\(name) \(value)")
      let python = try many.required(name).number()
      #expect((value - python).magnitude < 1e-9, "\(name)")
    }
    // Kolmogorov's test at 5 %.
    #expect(try many.required("kolmogorov").number() < 1.358 / count.squareRoot())
  }

  @Test func quantilesArePythonsToTheLastBits() throws {
    let table = try expected.required("quantiles").object()
    let shares = try table.required("p").array().map { try $0.number() }
    let values = try table.required("z").array().map { try $0.number() }
    #expect(shares.count == values.count && shares.count > 40)
    for (share, value) in zip(shares, values) {
      let found = NormalDistribution.quantile(share)
      #expect((found - value).magnitude <= 4 * value.ulp, "\(share): \(found), \(value)")
    }
    #expect(NormalDistribution.quantile(0.5) == 0)
  }

  @Test func seedsAndPlacesDrawOtherValues() {
    let all = (0..<64 as Range<UInt64>).flatMap { GaussianNoise(seed: $0).tensor([50, 7]).values }
    // 22400 values of about 2^25 likely floats: some pairs meet by chance, about 20.
    #expect(Set(all).count > all.count - 100)
  }

  private func manyValues(_ many: JSONObjectReader) throws -> [Float] {
    let seed = UInt64(try many.required("seed").integer())
    return GaussianNoise(seed: seed).tensor([try many.required("count").integer()]).values
  }
}
