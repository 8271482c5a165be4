import DVLARobots
import DVLADiagnostics
enum RobotChoice { static func robot(_ name: String) throws(WeightsError) -> Robot { try Robot.preset(name) } }
