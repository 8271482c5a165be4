import DVLAPages
import Testing

struct TicksTests {
  /// Ends, number of ticks at most, and the labels by hand.
  @Test(
    arguments: [
      (0.0, 10.0, 6, ["0", "2", "4", "6", "8", "10"]),
      (0, 7, 6, ["0", "2", "4", "6", "8"]),
      (-0.3, 0.25, 6, ["−0.4", "−0.2", "0", "0.2", "0.4"]),
      (0.013, 0.027, 6, ["0.010", "0.015", "0.020", "0.025", "0.030"]),
      (31.2, 44.9, 6, ["30", "35", "40", "45"]),
      (1200, 48_000, 6, ["0", "10000", "20000", "30000", "40000", "50000"]),
      (0, 3e-9, 4, ["0", "1e-9", "2e-9", "3e-9"]),
      (0, 4e7, 5, ["0", "1e7", "2e7", "3e7", "4e7"]),
      (-5, -1, 6, ["−5", "−4", "−3", "−2", "−1"]),
    ] as [(Double, Double, Int, [String])])
  func ticksAreRoundAndCoverTheRange(low: Double, high: Double, most: Int, labels: [String]) {
    let ticks = Ticks(covering: low...high, atMost: most)
    #expect(ticks.labels == labels)
    #expect(ticks.values.count == labels.count)
    #expect(ticks.range.lowerBound <= low && ticks.range.upperBound >= high)
  }

  @Test func oneNumberGetsRoomAround() {
    #expect(Ticks(covering: 0...0, atMost: 6).labels.first == "0")
    let ticks = Ticks(covering: 4...4, atMost: 6)
    #expect(ticks.range == 2...6)
    #expect(ticks.labels == ["2", "3", "4", "5", "6"])
  }

  @Test func thingsThatAreCountedHaveNoTicksBetween() {
    #expect(
      Ticks(covering: 0...2, atMost: 8, isWhole: true).labels == ["0", "1", "2"])
    #expect(
      Ticks(covering: 1...50, atMost: 8, isWhole: true).labels
        == ["0", "10", "20", "30", "40", "50"])
  }

  @Test func extremesDoNotTrap() {
    for (low, high) in [
      (0, Double.leastNonzeroMagnitude), (-1e300, 1e300), (1, 1 + 1e-15), (-1e-300, 1e-300),
    ] {
      let ticks = Ticks(covering: low...high, atMost: 6)
      #expect((2...6).contains(ticks.values.count))
      #expect(ticks.range.upperBound > ticks.range.lowerBound)
    }
  }
}

struct DigitsTests {
  @Test(
    arguments: [
      (0.0, "0"), (1, "1"), (-1, "−1"), (12.34, "12.3"), (12.35, "12.4"), (12.45, "12.4"),
      (0.012345, "0.0123"), (0.99951, "1"), (999.6, "1000"), (1234.5, "1230"),
      (0.0000123, "1.23e-5"), (98_765_432, "9.88e7"), (3, "3"), (0.5, "0.5"), (100, "100"),
      (.infinity, "∞"), (-.infinity, "−∞"), (.nan, "not a number"),
      (.leastNonzeroMagnitude, "5e-324"),
      (1e22, "1e22"), (2.5e-4, "0.00025"),
    ] as [(Double, String)])
  func threeDigitsAreEnough(value: Double, text: String) {
    #expect(Digits.three(value) == text)
  }

  @Test func asManyDigitsAsAreAskedFor() {
    #expect(Digits.significant(0.99999876, 6) == "0.999999")
    #expect(Digits.significant(2.0 / 3, 2) == "0.67")
    #expect(Digits.significant(19.96, 3) == "20")
    #expect(
      [2.6, 19.96, 0, 0.21, 1e-7].map(Digits.column) == ["2.60", "20.0", "0", "0.210", "1.00e-7"])
  }

  @Test(arguments: [
    (0.9998, [1.0], "0.9998"), (1, [1], "1"), (0.20003, [0.2], "0.20003"), (0.3, [0.2], "0.3"),
    (-0.00001, [0], "−1e-5"),
  ])
  func digitsTellANumberFromOthers(value: Double, others: [Double], text: String) {
    #expect(Digits.three(value, apartFrom: others) == text)
  }

  @Test(arguments: [(-1.44, "−1.4"), (-0.01, "0.0"), (38.25, "38.3"), (.infinity, "∞")])
  func decibelsHaveATenthAndATrueMinus(value: Double, text: String) {
    #expect(Digits.decibels(value) == text)
  }

  @Test(arguments: [
    (1.0, "1st"), (22, "22nd"), (93, "93rd"), (95, "95th"), (11, "11th"), (99.5, "99.5th"),
  ])
  func percentilesAreOrdinals(value: Double, text: String) {
    #expect(Digits.ordinal(value) == text)
  }
}
