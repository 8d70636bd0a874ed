package wire

// fields is a set of members of a request's d.
type fields uint64

const (
	fieldTenant fields = 1 << iota
	fieldToken
	fieldJWT
	fieldAnonymous
	fieldDevice
	fieldIntent
	fieldHave
	fieldSession
	fieldCmid
	fieldIdem
	fieldBody
	fieldText
	fieldDepartment
	fieldEpoch
	fieldSeq
	fieldIfSeq
	fieldBefore
	fieldLimit
	fieldOffer
	fieldTarget
	fieldVisibility
	fieldFile
	fieldFileName
	fieldSize
	fieldMime
	fieldSum
	fieldSet
	fieldBasis
	fieldResume
	fieldCount
	fieldGoal // target, of a transfer
	fieldMode
	fieldFallback
	fieldWait
	fieldNote
	fieldComment
	fieldForce
	fieldAs
	fieldHidden
	fieldChoice
	fieldPriority
	fieldSkills
	fieldWeight
	fieldTags
	fieldIfRev
	fieldFollowUp
	fieldScore
	fieldUntil
	fieldFor
	fieldDrain
	fieldDecision
	fieldWhom
	fieldReason
	fieldReasonCode
	fieldWrapUp
	fieldWatch
	fieldTopics
	fieldVisitor
	fieldDays
	fieldOn // the last one
)

// fieldName is the field's name in the protocol.
func fieldName(field fields) string {
	switch field {
	case fieldTenant:
		return "tenant"
	case fieldToken:
		return "token"
	case fieldJWT:
		return "jwt"
	case fieldAnonymous:
		return "anonymous"
	case fieldDevice:
		return "device"
	case fieldIntent:
		return "intent"
	case fieldHave:
		return "have"
	case fieldSession:
		return "sid"
	case fieldCmid:
		return "cmid"
	case fieldIdem:
		return "idem"
	case fieldBody:
		return "body"
	case fieldText:
		return "text"
	case fieldDepartment:
		return "department"
	case fieldEpoch:
		return "ep"
	case fieldSeq:
		return "seq"
	case fieldIfSeq:
		return "if_seq"
	case fieldBefore:
		return "before_seq"
	case fieldLimit:
		return "limit"
	case fieldOffer:
		return "offer_id"
	case fieldTarget, fieldGoal:
		return "target"
	case fieldVisibility:
		return "visibility"
	case fieldSet:
		return "set"
	case fieldBasis:
		return "lawful_basis"
	case fieldFile:
		return "file_id"
	case fieldFileName:
		return "name"
	case fieldSize:
		return "size"
	case fieldMime:
		return "mime"
	case fieldSum:
		return "sha256"
	case fieldResume:
		return "resume_token"
	case fieldCount:
		return "n"
	case fieldMode:
		return "mode"
	case fieldFallback:
		return "on_unavailable"
	case fieldWait:
		return "wait_s"
	case fieldNote:
		return "note"
	case fieldComment:
		return "comment"
	case fieldForce:
		return "force"
	case fieldAs:
		return "as"
	case fieldHidden:
		return "hidden"
	case fieldChoice:
		return "choice"
	case fieldPriority:
		return "priority"
	case fieldSkills:
		return "skills"
	case fieldWeight:
		return "weight"
	case fieldTags:
		return "tags"
	case fieldIfRev:
		return "if_rev"
	case fieldFollowUp:
		return "follow_up_at"
	case fieldScore:
		return "score"
	case fieldUntil:
		return "until"
	case fieldFor:
		return "for"
	case fieldDrain:
		return "drain"
	case fieldDecision:
		return "decision_seq"
	case fieldWhom:
		return "operator"
	case fieldReason:
		return "reason"
	case fieldReasonCode:
		return "reason_code"
	case fieldWrapUp:
		return "wrapup"
	case fieldWatch:
		return "watch"
	case fieldTopics:
		return "topics"
	case fieldVisitor:
		return "visitor"
	case fieldDays:
		return "days"
	default:
		return "on"
	}
}
