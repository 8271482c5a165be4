import DVLADiagnostics

/// Adds the seconds that `body` takes.
func timed<Result>(
  _ seconds: inout Double, _ body: () throws(WeightsError) -> Result
) throws(WeightsError) -> Result {
  let start = ContinuousClock.now
  defer { seconds += (ContinuousClock.now - start) / .seconds(1) }
  return try body()
}
