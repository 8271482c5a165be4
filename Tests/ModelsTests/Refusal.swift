import DVLADiagnostics

/// The error that `body` throws; nil where it throws none.
func refusal(_ body: () throws -> Void) -> WeightsError? {
  do {
    try body()
    return nil
  } catch { return error as? WeightsError }
}
