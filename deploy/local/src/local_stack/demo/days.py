"""The shop's calendar. A rehearsal release makes one day of a journey last two seconds; all windows follow from it."""

DAY_S = 2.0

# welcome.journey.yaml
NUDGE_S = 3 * DAY_S
WELCOME_ENDS_S = NUDGE_S + 6 * DAY_S
WELCOME_OBJECTIVE_S = 14 * DAY_S
SEEN_WITHIN_S = 30 * DAY_S
# cross-sell.journey.yaml
RECOMMENDED_S = 10 * DAY_S
CONSIDERING_S = 8 * DAY_S
CROSS_SELL_OBJECTIVE_S = 10 * DAY_S
# second-purchase.journey.yaml
HOW_WAS_IT_S = 4 * DAY_S
LAPSED_S = 15 * DAY_S
LAPSED_EXIT_S = LAPSED_S + 2 * DAY_S
REPEAT_OBJECTIVE_S = 12 * DAY_S

#: People keep this far from every deadline, so that no figure hangs on a tenth of a second.
MARGIN_S = 1.5
