"""Six questions that the exported tables answer, each one short query; docs/export.md shows them."""

QUESTIONS: dict[str, tuple[str, str]] = {
    "final_drift_of_favourites": (
        "How far did each race's favourite at T-60 (or its first label) drift by its last label before the jump?",
        """
SELECT race_id, arg_max(fixed_win, label) AS first, arg_min(fixed_win, label) AS last
FROM labels
WHERE label >= 0 AND (race_id, entrant_id) IN (
  SELECT (race_id, arg_min(entrant_id, (fixed_win, entrant_id))) FROM labels
  WHERE is_baseline AND fixed_win IS NOT NULL GROUP BY race_id)
GROUP BY race_id ORDER BY race_id
""",
    ),
    "money_in_the_last_minute": (
        "How much Win money came in the last minute before each start, in cents?",
        "SELECT race_id, sum(win_growth_cents) AS cents FROM labels WHERE label = 0 GROUP BY race_id ORDER BY race_id",
    ),
    "tote_against_fixed": (
        "How do tote and fixed Win odds compare at the last open poll before each start (mean of tote over fixed)?",
        """
SELECT race_id, round(avg(r.pool_win / r.fixed_win), 4) AS ratio
FROM runners r JOIN (
  SELECT race_id, max(n) AS n FROM polls WHERE status = 'Open' AND slot <= start GROUP BY race_id) USING (race_id, n)
WHERE NOT r.scratched GROUP BY race_id ORDER BY race_id
""",
    ),
    "gaps_by_cause": (
        "Why were slots missed?",
        "SELECT cause, count(*) AS slots FROM gaps GROUP BY cause ORDER BY slots DESC, cause",
    ),
    "quality_by_meeting": (
        "Which meetings have the worst data?",
        """
SELECT meeting, count(*) AS polls, round(avg(score), 2) AS mean
FROM polls WHERE score IS NOT NULL GROUP BY meeting ORDER BY mean, meeting
""",
    ),
    "steamers_that_won": (
        "Of the runners whose odds shortened so that users were told, how many won?",
        """
WITH steamers AS (SELECT DISTINCT race_id, entrant_id FROM notifications WHERE kind = 'odds')
SELECT count(*) AS told, count(*) FILTER ((race_id, entrant_id) IN (
  SELECT (race_id, entrant_id) FROM results WHERE position = 1)) AS won
FROM steamers
""",
    ),
}
