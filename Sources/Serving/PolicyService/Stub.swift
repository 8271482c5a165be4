import DVLABundles
import DVLADiagnostics
public import DVLAObservations
import DVLAPipelines
import DVLARobots

extension WeightBundle { func robot() throws(WeightsError) -> Robot? { nil } }
